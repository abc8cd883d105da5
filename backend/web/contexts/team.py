"""Pages of a shop's clerks: the owner's list, one clerk's day, the door of a till."""

from dataclasses import dataclass
from datetime import datetime

from backend.web.contexts.till import RefundLine, TillLine


@dataclass(frozen=True)
class TakenLine:
    """What somebody took and gave back. Unit: token units."""

    count: int = 0
    units: int = 0
    given_back: int = 0
    given_back_units: int = 0


@dataclass(frozen=True)
class ClerkLine:
    """One clerk in the owner's list.

    Attributes:
        limit_units: Most that may be given back in a day.
        locked_until: Set after too many wrong PINs.
    """

    clerk_id: str
    name: str
    is_active: bool
    has_first_pin: bool
    locked_until: datetime | None
    limit_units: int
    today: TakenLine
    month: TakenLine


@dataclass(frozen=True)
class OpenTill:
    """A browser on which clerks sign in."""

    till_id: str
    browser: str
    since: datetime
    is_this: bool


@dataclass(frozen=True)
class TeamPage:
    """Who works at a shop's till.

    Attributes:
        own: What the owner took today.
        customers: What came today from posters and offers, without anybody at the till.
        pin_of: Name of the clerk whose new PIN is shown, once.
    """

    merchant_id: str
    merchant: str
    clerks: tuple[ClerkLine, ...]
    tills: tuple[OpenTill, ...]
    own: TakenLine
    customers: TakenLine
    pin_of: str = ""
    pin: str = ""
    problem_key: str = ""
    name: str = ""
    limit: str = ""


@dataclass(frozen=True)
class ClerkPage:
    """What one clerk took and gave back in the last 30 days."""

    merchant_id: str
    merchant: str
    name: str
    payments: tuple[TillLine, ...]
    refunds: tuple[RefundLine, ...]


@dataclass(frozen=True)
class DoorPage:
    """Where clerks sign in on a till.

    Attributes:
        merchant: Empty on a browser that is no till.
        chosen_id: The clerk of the last try.
        asks_new_pin: The PIN is one that the owner knows: another must come with it.
        tries_left: Before a pause; 0 says nothing.
    """

    merchant: str = ""
    clerks: tuple[tuple[str, str], ...] = ()
    chosen_id: str = ""
    problem_key: str = ""
    asks_new_pin: bool = False
    tries_left: int = 0
