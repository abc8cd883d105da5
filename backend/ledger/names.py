"""Names of ledger accounts; the only place that spells them."""

from enum import StrEnum

EURO_PREFIX = "euro/"
"""Accounts below it hold euro cents, all others token units."""


class Currency(StrEnum):
    """What an account counts; legs of a transfer sum to zero in each."""

    POINTS = "points"
    """Token units, 100 to a point."""
    EUR = "eur"
    """Euro cents."""


ISSUANCE = "issuance"
"""Source of all points; its balance is minus what was granted and not burned."""

FORFEITED = "forfeited"
"""Points of erased accounts, until they are burned on chain."""

FOREIGN = "foreign"
"""Adopted points on addresses that belong to nobody here."""

BURNED = "burned"
"""Points destroyed on chain against a payout or a forfeit."""


TREASURY = "euro/treasury"
"""Source of all euro: minus what the metropolis put into the scheme."""

RESERVE = "euro/reserve"
"""Euro that stand behind points. Burns are final, so it may fall below zero: then the
metropolis owes more than it has put in, and no file is released until it has."""

PAID = "euro/paid"
"""Euro that the bank has paid out."""


def payable(merchant_id: str) -> str:
    """Euro owed to a merchant for points that are burned for good."""
    return f"euro/merchant/{merchant_id}/payable"


def on_the_way(merchant_id: str) -> str:
    """Euro in a file that the bank has and has not answered."""
    return f"euro/merchant/{merchant_id}/on_the_way"


def returned(merchant_id: str) -> str:
    """Euro that the bank sent back, until they are tried again."""
    return f"euro/merchant/{merchant_id}/returned"


def pending(account_id: str) -> str:
    """Points granted to a citizen and not yet confirmed on chain."""
    return f"citizen/{account_id}/pending"


def confirmed(account_id: str) -> str:
    """Points a citizen can spend."""
    return f"citizen/{account_id}/confirmed"


def in_flight(account_id: str) -> str:
    """Points of accepted payments that the chain has not confirmed yet."""
    return f"citizen/{account_id}/in_flight"


def moving(account_id: str) -> str:
    """Points of a citizen that lie at an address they left, until they have followed."""
    return f"citizen/{account_id}/moving"


def takings(merchant_id: str) -> str:
    """Points that a merchant took in and has not cashed out."""
    return f"merchant/{merchant_id}/takings"


def refunding(merchant_id: str) -> str:
    """Points that a merchant gave back and the chain has not confirmed yet."""
    return f"merchant/{merchant_id}/refunding"


def settling(merchant_id: str) -> str:
    """Points of a cash-out on its way to the chain."""
    return f"merchant/{merchant_id}/settling"


def may_go_negative(name: str) -> bool:
    """Tell whether an account has no floor at zero: sources, and what stands behind burns."""
    return name in {ISSUANCE, TREASURY, RESERVE}


def currency_of(name: str) -> Currency:
    """Return what an account counts."""
    return Currency.EUR if name.startswith(EURO_PREFIX) else Currency.POINTS
