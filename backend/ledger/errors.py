"""Errors of the ledger."""

from backend.kernel.errors import EcoError, ErrorKind


class UnitsInsufficientError(EcoError):
    """An account does not hold what a transfer takes from it; nothing was moved."""

    def __init__(self, account_name: str, units: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "units_insufficient",
            "There are not enough points for this; nothing was moved.",
            needed_units=units,
        )
        self.account_name = account_name


class TransferUnbalancedError(EcoError):
    """The legs of a transfer do not sum to zero in each currency; a bug in the caller."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "transfer_unbalanced", f"Transfer {reference} does not sum to zero."
        )
