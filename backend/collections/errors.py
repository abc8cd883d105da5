"""Errors of collections."""

from backend.kernel.errors import EcoError, ErrorKind, NotFoundError


class RoundNotFoundError(NotFoundError):
    """No collection round has this name."""

    def __init__(self, ref: str) -> None:
        super().__init__("collection_round", ref)


class BalanceNotFoundError(NotFoundError):
    """No balance with this number waits for a person."""

    def __init__(self, balance_id: int) -> None:
        super().__init__("station_balance", str(balance_id))


class WeighingsUnreadableError(EcoError):
    """The file is no table of weighings."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "weighings_unreadable",
            f"This file cannot be read: {problem}. Nothing was changed.",
        )


class RoundClosedError(EcoError):
    """The round is closed already."""

    def __init__(self, ref: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "round_closed", f"Round {ref} is closed; its masses stand."
        )
