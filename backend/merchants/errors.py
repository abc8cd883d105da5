"""Errors of merchants."""

from backend.kernel.errors import EcoError, ErrorKind


class MerchantNotActiveError(EcoError):
    """The merchant is not registered on chain yet; nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "merchant_not_active",
            "This shop is still being registered; it can take points in a few minutes.",
        )
