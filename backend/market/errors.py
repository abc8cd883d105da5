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


class PaymentNotRefundableError(EcoError):
    """Only a payment that the chain has confirmed can be given back."""

    def __init__(self, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "payment_not_refundable",
            "This payment is not final yet, or took no points. Try again in a minute.",
            state=state,
        )


class PaymentNotWaitingError(EcoError):
    """Only a payment that the register has put off can be given up."""

    def __init__(self, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "payment_not_waiting",
            "This payment does not wait for the register: it is booked, under way or closed. "
            "Give points back with a refund once it is booked.",
            state=state,
        )


class RefundTooLargeError(EcoError):
    """More than what is left of the payment, or nothing at all; nothing moved."""

    def __init__(self, left_units: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "refund_too_large",
            "A refund is at least 0.01 points and at most what is left of the payment.",
            left_units=left_units,
        )


class TakingsInsufficientError(EcoError):
    """The takings were cashed out meanwhile; nothing moved."""

    def __init__(self, takings_units: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "takings_insufficient",
            "The shop's takings do not hold so many points: they were turned into euro. "
            "Refund after the next sales, or refund less.",
            takings_units=takings_units,
        )


class SpenderHasNoAddressError(EcoError):
    """The citizen has not signed up yet, or the address is still being made."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "account_not_ready",
            "Create your account with an e-mail address to pay with your points.",
        )
