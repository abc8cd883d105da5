"""Names of ledger accounts; the only place that spells them."""

ISSUANCE = "issuance"
"""Source of all points; its balance is minus what was granted and not burned."""

FORFEITED = "forfeited"
"""Points of erased accounts, until they are burned on chain."""

FOREIGN = "foreign"
"""Adopted points on addresses that belong to nobody here."""

BURNED = "burned"
"""Points destroyed on chain against a payout or a forfeit."""


def pending(account_id: str) -> str:
    """Points granted to a citizen and not yet confirmed on chain."""
    return f"citizen/{account_id}/pending"


def confirmed(account_id: str) -> str:
    """Points a citizen can spend."""
    return f"citizen/{account_id}/confirmed"


def in_flight(account_id: str) -> str:
    """Points of accepted payments that the chain has not confirmed yet."""
    return f"citizen/{account_id}/in_flight"


def takings(merchant_id: str) -> str:
    """Points that a merchant took in and has not cashed out."""
    return f"merchant/{merchant_id}/takings"


def settling(merchant_id: str) -> str:
    """Points of a cash-out on its way to the chain."""
    return f"merchant/{merchant_id}/settling"


def may_go_negative(name: str) -> bool:
    """Tell whether an account is a source, the only kind without a floor at zero."""
    return name == ISSUANCE
