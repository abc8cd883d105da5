"""Pages of cards and households."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class CardLine:
    """A printed card.

    Attributes:
        card_id: For the forms that block and replace it.
        tail: Last four characters of its code.
        is_active: False once it was blocked.
        is_shared: Members of the household see it and may block it.
        reason_key: Why it was blocked; empty while it is active.
    """

    card_id: str
    tail: str
    issued_at: datetime
    is_active: bool
    is_shared: bool
    reason_key: str = ""


@dataclass(frozen=True)
class CardsPage:
    """One's own cards.

    Attributes:
        may_print: Signed up, and below the number of cards that one person needs.
        is_anonymous: Points live on this phone only; a card needs an account.
        household: Name of the household; empty without one.
        household_cards: Cards that other members share.
    """

    cards: tuple[CardLine, ...]
    may_print: bool
    is_anonymous: bool
    household: str = ""
    household_cards: tuple[CardLine, ...] = ()


@dataclass(frozen=True)
class ShownCardPage:
    """The code on the phone in place of a card.

    Attributes:
        picture: Address of its QR, as data.
        code: The same for typing, grouped.
        seconds: How long it is shown before another one takes its place.
        expires_at: When it stops to count.
    """

    picture: str
    code: str
    seconds: int
    expires_at: datetime


@dataclass(frozen=True)
class CardFoundPage:
    """What the camera of somebody's phone opens when it reads a card; says nothing of its holder.

    Attributes:
        is_card: False when the link is none of a card.
    """

    is_card: bool


@dataclass(frozen=True)
class MemberLine:
    """A member of the household.

    Attributes:
        name: What the account calls itself, or the start of its address.
        acts: Acts that were rewarded within 30 days.
        units: What they earned.
    """

    name: str
    joined_at: datetime
    acts: int
    units: int
    is_me: bool


@dataclass(frozen=True)
class HouseholdPage:
    """One's household, or the way into one.

    Attributes:
        name: Empty without a household.
        invite_code: Just made; shown this once.
        problem_key: Why the last form was not taken.
        is_anonymous: A household needs an account.
    """

    name: str = ""
    members: tuple[MemberLine, ...] = ()
    invite_code: str = ""
    problem_key: str = ""
    is_anonymous: bool = False


@dataclass(frozen=True)
class StationLine:
    """A station for which stickers can be printed; `stickers` counts the ones in use."""

    station_id: str
    name: str
    place: str
    stickers: int


@dataclass(frozen=True)
class StickersPage:
    """Stations by name or address.

    Attributes:
        search: What was looked for; empty shows the first ones.
    """

    search: str
    stations: tuple[StationLine, ...]
