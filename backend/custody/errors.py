"""Errors of custody."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


class AddressUnusableError(InvalidInputError):
    """The text is no address, its checksum is wrong, or somebody else's points are there."""

    def __init__(self) -> None:
        super().__init__(
            "address_unusable",
            "This is not an address that can hold your points. Copy it from your wallet again; "
            "it starts with 0x and has 40 more characters.",
        )


class SignatureUnreadableError(InvalidInputError):
    """What was pasted is not a signature of 65 bytes."""

    def __init__(self) -> None:
        super().__init__(
            "signature_unreadable",
            "This is not a signature. Copy all of it: 0x and 130 more characters.",
        )


class MoveOpenError(EcoError):
    """Another move of this account is not finished."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "custody_move_open",
            "A move of your points is under way. Finish or undo it first.",
        )


class MoveClosedError(EcoError):
    """The move was answered, undone or has lapsed."""

    def __init__(self, state: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "custody_move_closed",
            "This step is over: it was answered, undone or has lapsed. Look at your wallet page.",
            state=state,
        )


class CustodyUnchangedError(EcoError):
    """The points are where they are to go."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "custody_unchanged", "Your points are kept this way already."
        )


class PointsMovingError(EcoError):
    """The points are between two addresses for a few seconds."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "points_moving",
            "Your points are moving between your wallet and us. Try again in a minute.",
        )


class OwnWalletSignsError(EcoError):
    """The payer's key is in an own wallet: only it can sign, after scanning the till's code."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "own_wallet_signs",
            "This customer pays from an own wallet. Show the till's code: the customer scans it "
            "and signs.",
        )


class NotOwnWalletError(EcoError):
    """A signature came for an account that the service pays for."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "not_own_wallet",
            "Your points are kept by us; pay with the button of the payment page.",
        )
