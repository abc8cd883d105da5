"""Pages of trips: recording, what a trip proved, its map."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TripLine:
    """One trip in the list.

    Attributes:
        icon: Name in the icon file.
        title_key: Mode of its longest leg.
        state: As in HistoryLine; "pending" until it is judged.
        co2_g: Avoided. Unit: grams of CO2 equivalent.
    """

    href: str
    icon: str
    title_key: str
    at: datetime
    state: str
    distance_m: int
    co2_g: int


@dataclass(frozen=True)
class TripsPage:
    """Where a trip is recorded or handed in, and the newest ones.

    Attributes:
        idempotency_key: Makes a form that is sent twice count once.
        month_m: Distance of the last 30 days that was proved.
        month_co2_g: CO2 that it avoided.
        link_code: Word for operators; empty until somebody asks for it.
        problem_key, advice_key: Why the last file was not taken; empty at first.
    """

    idempotency_key: str
    trips: tuple[TripLine, ...] = ()
    month_m: int = 0
    month_co2_g: int = 0
    link_code: str = ""
    problem_key: str = ""
    advice_key: str = ""


@dataclass(frozen=True)
class MapPart:
    """A leg on the map: its mode and its path data."""

    mode: str
    d: str


@dataclass(frozen=True)
class MapLabel:
    """A name on the map and where its middle lies."""

    name: str
    x: int
    y: int


@dataclass(frozen=True)
class TripMap:
    """A drawing 1,000 units wide.

    Attributes:
        land: Path data of communes.
        start, end: First and last place that is shown.
        scale_m: Length of the scale bar in metres.
        scale_width: The same in units of the drawing.
    """

    height: int
    land: tuple[str, ...]
    labels: tuple[MapLabel, ...]
    parts: tuple[MapPart, ...]
    start: tuple[int, int]
    end: tuple[int, int]
    scale_m: int
    scale_width: int


@dataclass(frozen=True)
class LegLine:
    """One leg of a trip.

    Attributes:
        percent: How sure the mode is.
        is_counted: Distance and mode are proved.
        ticket_href: Receipt of the ticket that attests it; may be empty.
        dock_start, dock_end: Stations of shared bikes at its ends; a hint, may be empty.
    """

    icon: str
    mode: str
    title_key: str
    percent: int
    distance_m: int
    started_at: datetime
    ended_at: datetime
    level: str
    is_counted: bool
    co2_g: int
    line: str = ""
    board: str = ""
    alight: str = ""
    ticket_href: str = ""
    dock_start: str = ""
    dock_end: str = ""


@dataclass(frozen=True)
class FactorLine:
    """An emission factor behind a figure.

    Attributes:
        value: As written in its source, with its unit.
    """

    code: str
    value: str
    source: str
    edition: str
    licence: str


@dataclass(frozen=True)
class TripPage:
    """What a trip proved.

    Attributes:
        state: As in HistoryLine; "pending" until it is judged.
        units: What it earned; `None` while nothing is decided.
        level: Highest level of a leg, empty until judged.
        source: How it came to us: phone, file or partner.
        has_map: There is a map that can be forgotten.
    """

    reference: str
    icon: str
    title_key: str
    state: str
    source: str
    started_at: datetime
    ended_at: datetime
    units: int | None
    level: str
    distance_m: int
    co2_g: int
    map: TripMap | None
    has_map: bool
    legs: tuple[LegLine, ...]
    factors: tuple[FactorLine, ...]
    reasons: tuple[str, ...]
    receipt_href: str
