"""Errors of shared rides."""

from backend.kernel.errors import EcoError, ErrorKind


class RideCodeWrongError(EcoError):
    """The code fits no open ride at this minute; which part is wrong is not said."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "ride_code_wrong",
            "This code fits no ride that is open now. It changes every minute: look at the "
            "driver's screen again.",
        )


class RideOwnError(EcoError):
    """A driver tries to get into the own car as a passenger."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "ride_own",
            "You are the driver of this ride. Your passenger enters the code on their own phone, "
            "signed in with their own account.",
        )


class RideFullError(EcoError):
    """A ride has as many passengers as a car has seats."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            ErrorKind.LIMITED, "ride_full", f"A ride takes {limit} passengers at most.", limit=limit
        )


class RideTooManyError(EcoError):
    """A driver opens more rides in a day than anybody drives."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            ErrorKind.LIMITED,
            "ride_too_many",
            f"You have opened {limit} rides today. The next one can be opened tomorrow.",
            limit=limit,
        )
