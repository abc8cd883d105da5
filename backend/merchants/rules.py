"""Pure words of merchants."""

from enum import StrEnum


class MerchantState(StrEnum):
    """Life of a merchant on the chain."""

    DRAFT = "draft"
    """Known here, not yet registered on chain: cannot take payments."""
    REGISTERING = "registering"
    """Its registration is in a transaction."""
    ACTIVE = "active"
    """Can take payments."""
