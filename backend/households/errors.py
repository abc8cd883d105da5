"""Errors of households."""

from backend.kernel.errors import EcoError, ErrorKind


class HouseholdInviteRefusedError(EcoError):
    """The invitation is unknown, used or too old; which of them is not said."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "household_invite_refused",
            "This invitation is not valid (any more). Ask for a new one.",
        )


class HouseholdTakenError(EcoError):
    """The account is in a household already."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "household_taken",
            "You are in a household already. Leave it before you join another.",
        )


class HouseholdFullError(EcoError):
    """A household has as many members as a large family."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "household_full",
            f"A household has {limit} members at most.",
            limit=limit,
        )


class HouseholdMissingError(EcoError):
    """The account is in no household."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.NOT_FOUND, "household_missing", "You are in no household at the moment."
        )
