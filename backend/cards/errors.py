"""Errors of cards."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError, NotFoundError


class CardUnreadableError(InvalidInputError):
    """The text is no card of ours."""

    def __init__(self) -> None:
        super().__init__(
            "card_unreadable", "This is not a Calanque card. Scan its square code, whole."
        )


class CardUnknownError(EcoError):
    """Nobody has this card; a code of a phone may be too old."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.NOT_FOUND,
            "card_unknown",
            "This card is not known, or the code on the phone is too old. Show it again.",
        )


class CardBlockedError(EcoError):
    """The card was reported lost or stolen, or another one replaced it."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "card_blocked",
            "This card is blocked. Its holder's points are safe; a new card can be printed.",
        )


class CardNotFoundError(NotFoundError):
    """No card of this id belongs to the caller."""

    def __init__(self, card_id: str) -> None:
        super().__init__("card", card_id)


class CardsTooManyError(EcoError):
    """The account has as many active cards as one person needs."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "cards_too_many",
            f"You have {limit} active cards. Block one before you print another.",
            limit=limit,
        )
