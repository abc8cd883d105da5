"""Pages around an account: signing in, devices, the local mailbox."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SignInPage:
    """Sign in with an e-mail code.

    Attributes:
        step: email or code.
        next_path: Where to go afterwards.
        keeps_points: This phone has points that the account will receive.
    """

    step: str
    email: str = ""
    next_path: str = "/"
    problem_key: str = ""
    tries_left: int = 0
    keeps_points: bool = False


@dataclass(frozen=True)
class Browser:
    """A browser that is signed in."""

    name: str
    since: datetime
    is_this_one: bool


@dataclass(frozen=True)
class OwnFreeze:
    """Why one's account is stopped, and what became of the appeal.

    Attributes:
        appeal: possible, open, upheld or late.
        until: Until when one can appeal, or until when the appeal is decided.
    """

    reason: str
    since: datetime
    appeal: str
    until: datetime


@dataclass(frozen=True)
class AccountPage:
    """One's own account."""

    email: str
    name: str
    is_anonymous: bool
    since: datetime
    browsers: tuple[Browser, ...]
    freeze: OwnFreeze | None = None


@dataclass(frozen=True)
class MailLine:
    """A mail of the demo's mailbox."""

    key: str
    to: str
    subject: str
    at: datetime


@dataclass(frozen=True)
class MailboxPage:
    """All mail of the demo, newest first."""

    mails: tuple[MailLine, ...]


@dataclass(frozen=True)
class MailPage:
    """One mail of the demo."""

    mail: MailLine
    text: str
