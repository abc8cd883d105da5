"""Errors of claims."""

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


class IdempotencyKeyReusedError(EcoError):
    """One key came with two different bodies; nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "idempotency_key_reused",
            "This idempotency key was already used for another deposit; make a new one.",
        )


class CodeAlreadyUsedError(EcoError):
    """Somebody else's claim took the code; the refusal is stored and can be appealed."""

    def __init__(self, claim_id: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "code_already_used",
            "This code has already been used. Wait for the next one on the screen and scan again.",
            claim_id=claim_id,
        )


class CodeExpiredError(EcoError):
    """The code is authentic and came too late; the refusal is stored and can be appealed."""

    def __init__(self, claim_id: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "code_expired",
            "This code is no longer valid. Scan the one on the screen now.",
            claim_id=claim_id,
        )


class CodeEarlyError(EcoError):
    """The code comes from the future: the terminal's clock is wrong; the refusal is stored."""

    def __init__(self, claim_id: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "code_early",
            "The clock of this terminal is wrong. We have noted it; please use another terminal.",
            claim_id=claim_id,
        )


class DeviceRevokedError(EcoError):
    """The device that signed the code was withdrawn; the refusal is stored."""

    def __init__(self, claim_id: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "device_revoked",
            "This terminal has been withdrawn from service. Please use another one.",
            claim_id=claim_id,
        )


class DeviceUnknownError(InvalidInputError):
    """No device of this number is registered; nothing was stored."""

    def __init__(self, device_number: int) -> None:
        super().__init__(
            "device_unknown", f"No terminal number {device_number} is registered here."
        )


class SerialAlreadyUsedError(EcoError):
    """The object was rewarded before, here or elsewhere; the refusal is stored."""

    def __init__(self, claim_id: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "serial_already_used",
            "This object was already rewarded once; each serial number counts once, ever.",
            claim_id=claim_id,
        )


class PositionNeededError(InvalidInputError):
    """A sticker counts with the phone's position only; nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            "position_needed",
            "A sticker counts only where it hangs: allow this page to see your position once.",
        )


class CodeOfCardError(EcoError):
    """An agent signed the code for the holder of a card, who has the points already."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "code_of_card",
            "This deposit was counted for the card that was shown at the counter.",
        )
