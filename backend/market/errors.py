"""Errors of the market."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


class MerchantNotActiveError(EcoError):
    """The merchant is not registered on chain yet; nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "merchant_not_active",
            "This shop is still being registered; it can take points in a few minutes.",
        )


class PaymentNotOpenError(EcoError):
    """The payment request was already answered, taken back or has expired."""

    def __init__(self, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "payment_not_open",
            "This payment request is closed. Ask the merchant for a new one.",
            state=state,
        )


class PaymentAmountError(InvalidInputError):
    """The amount is zero, negative or too large."""

    def __init__(self, limit_units: int) -> None:
        super().__init__(
            "payment_amount_invalid",
            f"A payment takes between 1 and {limit_units} units (100 units are one point).",
        )


class SpenderHasNoAddressError(EcoError):
    """The citizen has not signed up yet, or the address is still being made."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "account_not_ready",
            "Create your account with an e-mail address to pay with your points.",
        )


class NothingToCashOutError(EcoError):
    """The takings do not make a whole cent yet."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "nothing_to_cash_out", "There are no takings to cash out yet."
        )
