"""Errors of payments."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


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
