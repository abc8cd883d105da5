"""What can be wrong with a trip at the door."""

from backend.kernel.errors import EcoError, ErrorKind


class TripLateError(EcoError):
    """The trip ended too long ago; nothing was stored."""

    def __init__(self, hours: int) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "trip_late",
            f"A trip is handed in within {hours} hours of its end. This one was not stored.",
            hours=hours,
        )


class TripAlreadyKnownError(EcoError):
    """Another account handed in this very recording."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "trip_already_known",
            "This recording was handed in before, from another account. Nothing was stored.",
        )


class TripKeyReusedError(EcoError):
    """The idempotency key belongs to another trip."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "trip_key_reused",
            "This key belongs to another trip; a new recording needs a new key.",
        )


class TripTooManyError(EcoError):
    """More trips of one account in a day than a day can hold."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            ErrorKind.LIMITED,
            "trip_too_many",
            f"At most {limit} trips a day are taken from one account; try again tomorrow.",
            limit=limit,
        )


class ValidationFileError(EcoError):
    """A list of ticket validations cannot be read at all."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            ErrorKind.INVALID, "validation_file_invalid", f"The list cannot be read: {problem}."
        )
