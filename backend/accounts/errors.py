"""Errors of accounts."""

from backend.accounts.rules import CODE_LIFE, CODES_PER_HOUR
from backend.kernel.errors import EcoError, ErrorKind, InvalidInputError


class EmailInvalidError(InvalidInputError):
    """The text is no e-mail address."""

    def __init__(self) -> None:
        super().__init__(
            "email_invalid",
            "This is not an e-mail address. Check it and try again.",
            errors=[
                {"path": "email", "problem": "no e-mail address", "example": "lou@example.org"}
            ],
        )


class EmailCodeWrongError(EcoError):
    """The code does not fit; the try was counted."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "email_code_wrong",
            "This code is not the right one. Look at the newest e-mail and try again.",
            tries_left=tries_left,
        )


class EmailCodeGoneError(EcoError):
    """There is no code to compare with: used, lapsed, or tried too often."""

    def __init__(self) -> None:
        minutes = int(CODE_LIFE.total_seconds() // 60)
        super().__init__(
            ErrorKind.CONFLICT,
            "email_code_gone",
            f"This code no longer works (it lasts {minutes} minutes). Ask for a new one.",
        )


class EmailCodesTooManyError(EcoError):
    """The address was sent too many codes within the hour."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.LIMITED,
            "email_codes_too_many",
            f"We sent {CODES_PER_HOUR} codes to this address within an hour. "
            "Use the newest one or wait a while.",
        )


class AccountClosedError(EcoError):
    """The account was erased or frozen; signing in is refused."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.FORBIDDEN,
            "account_closed",
            "This account cannot sign in. Contact support if you think this is wrong.",
        )


class EmailTakenError(EcoError):
    """Another account has the e-mail address."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.CONFLICT, "email_taken", "Another account uses this e-mail address."
        )


class RoleNotGrantableError(InvalidInputError):
    """The role follows from the kind of account, or the account is not staff."""

    def __init__(self, role: str) -> None:
        super().__init__("role_not_grantable", f"The role {role} cannot be granted to it.")
