"""Errors of review."""

from backend.kernel.errors import EcoError, ErrorKind, NotFoundError


class ReviewCaseNotFoundError(NotFoundError):
    """No open case is about this claim."""

    def __init__(self, claim_public_id: str) -> None:
        super().__init__("review_case", claim_public_id)


class AppealNotPossibleError(EcoError):
    """The claim is not refused, was appealed before, or the time to appeal is over."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "appeal_not_possible", f"This cannot be appealed: {problem}."
        )


class NothingPendingError(EcoError):
    """Nothing of this reward is still pending, so nothing can be taken back."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "nothing_pending",
            "All of this reward was paid or taken back before; nothing was changed.",
        )


class OwnCaseError(EcoError):
    """A reviewer cannot decide about an act of their own."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "own_case",
            "This case is about an act of your own; somebody else must decide it.",
        )
