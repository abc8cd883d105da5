"""Pages of collections: rounds with their bars, stations with their reliability."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class BalanceBar:
    """One station and material: claimed beside weighed.

    Attributes:
        claimed_permille, weighed_permille: Lengths of the bars, the longer one 1000.
        state: reconciled, trimmed, waiting, released; open before the round is closed.
        kept_percent: What second tranches keep.
    """

    id: int
    station: str
    station_id: str
    material_key: str
    claimed_g: int
    weighed_g: int
    claimed_permille: int
    weighed_permille: int
    state: str
    kept_percent: int = 100
    released_units: int = 0
    trimmed_units: int = 0
    reliability_percent: int = 0
    due_at: datetime | None = None
    deposits: int = 0


@dataclass(frozen=True)
class RoundCard:
    """One tour of a lorry."""

    ref: str
    state: str
    touched_at: datetime
    closed_at: datetime | None
    bars: tuple[BalanceBar, ...]


@dataclass(frozen=True)
class ImportLine:
    """What an import did, or would do, with one line."""

    number: int
    action: str
    round_ref: str
    station: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class ImportView:
    """The report of an import; `content` lets a tried one be sent again for good."""

    is_dry_run: bool
    counts: tuple[tuple[str, int], ...]
    lines: tuple[ImportLine, ...]
    content: str


@dataclass(frozen=True)
class CollectionsPage:
    """Rounds, the newest first, and the form to import weighings."""

    waiting: tuple[BalanceBar, ...]
    rounds: tuple[RoundCard, ...]
    may_decide: bool
    report: ImportView | None = None
    problem: str = ""


@dataclass(frozen=True)
class ReliabilityPoint:
    """One closed balance on the curve; coordinates of a picture of 1000 by 200."""

    x: int
    y: int
    percent: int
    at: datetime
    state: str


@dataclass(frozen=True)
class StationMassPage:
    """How far a station is trusted, over time."""

    name: str
    address: str
    reliability_percent: int
    points: tuple[ReliabilityPoint, ...]
    path: str
    bars: tuple[BalanceBar, ...]
