"""Errors of offers."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


class OfferInvalidError(InvalidInputError):
    """An offer's price, stock, limit, title or time is out of range; nothing was stored."""

    def __init__(self, field: str) -> None:
        super().__init__("offer_invalid", f"Check this field of the offer: {field}.")
        self.field = field


class OfferNotOpenError(EcoError):
    """The offer is over, not on yet, or was taken back."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "offer_not_open", "This offer is not on at the moment."
        )


class OfferSoldOutError(EcoError):
    """No piece is left, or all are reserved."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "offer_sold_out",
            "Nothing is left of this offer. A reservation that is not paid comes back in 15 min.",
        )


class OfferLimitError(EcoError):
    """The person has as many as one person may have."""

    def __init__(self, per_person: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "offer_limit_reached",
            f"One person may have {per_person} of this offer, and you have them.",
            per_person=per_person,
        )
