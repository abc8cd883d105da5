"""Errors of settlement."""

from backend.kernel.errors import EcoError, ErrorKind


class NothingToCashOutError(EcoError):
    """The takings do not make a whole cent yet."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "nothing_to_cash_out", "There are no takings to cash out yet."
        )
