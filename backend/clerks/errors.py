"""Errors of clerks."""

from datetime import datetime

from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


class ClerkInvalidError(InvalidInputError):
    """A clerk's name, limit or number of colleagues is out of range; nothing was stored."""

    def __init__(self, field: str) -> None:
        super().__init__("clerk_invalid", f"Check this field of the clerk: {field}.")
        self.field = field


class ClerkPINWeakError(InvalidInputError):
    """The new PIN is not 4 to 8 digits, is a run or one digit repeated, or is the old one."""

    def __init__(self) -> None:
        super().__init__(
            "clerk_pin_weak",
            "Choose 4 to 8 digits that are neither a run nor one digit repeated, and not the old "
            "ones.",
        )


class ClerkPINWrongError(EcoError):
    """The PIN is not the clerk's; the try was counted."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "clerk_pin_wrong",
            f"This PIN is wrong. Tries left before a pause: {tries_left}.",
            tries_left=tries_left,
        )


class ClerkLockedError(EcoError):
    """Too many wrong PINs; nothing is looked at for a while."""

    def __init__(self, until: datetime) -> None:
        super().__init__(
            ErrorKind.LIMITED,
            "clerk_locked",
            "Too many wrong PINs. Wait a quarter of an hour, or ask the owner for a new PIN.",
            until=until.isoformat(),
        )


class ClerkFirstPINError(EcoError):
    """The PIN is right and is the one that the owner knows: a new one must come with it."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "clerk_first_pin",
            "Choose a PIN of your own: the owner of the shop knows this one.",
        )


class TillUnknownError(EcoError):
    """The browser is no till, or the owner closed it."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.NOT_FOUND,
            "till_unknown",
            "This browser is not a till. The owner of the shop opens it from the team's page.",
        )


class ClerkRefundLimitError(EcoError):
    """The clerk would give back more today than the owner allows; nothing moved."""

    def __init__(self, left_units: int) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "clerk_refund_limit",
            "This is more than you may give back today. Ask the owner of the shop.",
            left_units=left_units,
        )
