"""Errors of freezes."""

from backend.kernel.errors import EcoError, ErrorKind, NotFoundError


class FreezeNotFoundError(NotFoundError):
    """There is no such freeze, or it is in another state."""

    def __init__(self, reference: str) -> None:
        super().__init__("freeze", reference)


class FreezeNotPossibleError(EcoError):
    """The account cannot be frozen now."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "freeze_not_possible", f"This account is not frozen: {problem}."
        )


class OtherPersonNeededError(EcoError):
    """Somebody else has to take this step."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "other_person_needed",
            "Somebody who has not dealt with this freeze yet must take this step.",
        )
