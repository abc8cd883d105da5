"""Pure words of what the chain holds and the books do not."""

from enum import StrEnum


class OrphanKind(StrEnum):
    """What a transaction of somebody else did."""

    MINT = "mint"
    """Points were made; issuance stops until two people explain it."""
    SPEND = "spend"
    """Payments were taken that no row knows: after a restore, those made since the backup."""
    REFUND = "refund"
    """Points went back to who had paid."""
    CASH_OUT = "cash_out"
    """Takings were burned, so euro are owed."""
