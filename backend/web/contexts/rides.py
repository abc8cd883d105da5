"""Pages of shared rides: drive, ride along, how far each ride is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SeatLine:
    """One passenger's part of a ride.

    Attributes:
        role: driver or passenger: what the reader was.
        state: pending until both recordings are compared, then accepted or refused.
        label_keys: Texts that say why it is refused.
        is_recorded: The reader's own recording is here.
        is_other_recorded: The other person's recording is here.
    """

    href: str
    role: str
    state: str
    at: datetime
    distance_m: int = 0
    label_keys: tuple[str, ...] = ()
    is_recorded: bool = False
    is_other_recorded: bool = False


@dataclass(frozen=True)
class RidesPage:
    """Where a driver opens a ride and a passenger enters a code.

    Attributes:
        word, code: From a scanned link: what the form already holds.
        problem_key, advice_key: Why the last code was not taken; empty at first.
    """

    is_anonymous: bool
    seats: tuple[SeatLine, ...] = ()
    word: str = ""
    code: str = ""
    problem_key: str = ""
    advice_key: str = ""


@dataclass(frozen=True)
class RidePage:
    """A driver's own ride: the code of this minute and who is on board.

    Attributes:
        picture: QR code as a data URL; empty when the ride takes nobody in any more.
        seconds: How long the code is shown before the next one.
    """

    word: str
    code: str
    picture: str
    seconds: int
    seats: tuple[SeatLine, ...] = ()
