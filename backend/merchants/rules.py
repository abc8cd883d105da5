"""Pure words of merchants."""

from enum import StrEnum

CONTRACT_VERSION = "2026-1"
"""Version of the contract that an applicant accepts; its text is /contrat-commercant."""
DAILY_CAP_UNITS = 5_000_000
"""50,000 points a day: a busy museum; what the registrar registers for a new merchant."""


class MerchantState(StrEnum):
    """Life of a merchant on the chain."""

    DRAFT = "draft"
    """Known here, not yet registered on chain: cannot take payments."""
    REGISTERING = "registering"
    """Its registration is in a transaction."""
    ACTIVE = "active"
    """Can take payments."""


class MerchantKind(StrEnum):
    """What a merchant is."""

    SHOP = "shop"
    """A shop, restaurant or craft."""
    PUBLIC_SERVICE = "public_service"
    """A pool, museum, library or transport."""
    ASSOCIATION = "association"
    """An association that people give points to."""


class ApplicationState(StrEnum):
    """Life of an application."""

    APPLIED = "applied"
    """Somebody of the metropolis must look at it."""
    APPROVED = "approved"
    """It became a merchant."""
    REFUSED = "refused"
    """With a reason; a new application is welcome."""
