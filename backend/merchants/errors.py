"""Errors of merchants."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


class MerchantNotActiveError(EcoError):
    """The merchant is not registered on chain yet; nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "merchant_not_active",
            "This shop is still being registered; it can take points in a few minutes.",
        )


class ApplicationInvalidError(InvalidInputError):
    """A field of the application is missing or wrong; nothing was stored."""

    def __init__(self, field: str) -> None:
        super().__init__("application_invalid", f"Check this field of the application: {field}.")
        self.field = field


class ApplicationDecidedError(EcoError):
    """Somebody else decided about the application meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "application_decided",
            "A colleague decided about this application meanwhile.",
        )
