"""Pure rules of doubt: signals over an act and its history; they hold a reward, never ban.

Every signal says in words what it saw. The sum of points decides between paying and
showing the act to a person; nothing here refuses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

HOLD_POINTS = 100
"""An act with so many points waits for a person."""
HISTORY = timedelta(days=30)
"""How far back an act's history is read."""

_WEEK = timedelta(days=7)
_LOCATED = "P1"
_ATTESTED = frozenset({"P2", "P3"})
_SECONDS_PER_H = 3600
_FULL_BPS = 10_000

DEFAULT_ITEMS: Mapping[str, int] = MappingProxyType(
    {
        "glass": 90,
        "packaging": 260,
        "paper": 180,
        "textile": 40,
        "plastic_bottle": 150,
        "can": 150,
        "electronics": 12,
        "battery": 60,
    }
)
"""Items of one material in 30 days that a household of five with guests may have.

Source: about 30 kg of glass a year and inhabitant (reports of French collection areas
give 24 to 31 kg), 0.4 kg an item: 6 items a month and person, times 5, times 3 for those
who bring two months at once; the others in proportion to household packaging.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Above what an act is shown to a person.

    Attributes:
        acts_week: Acts of one person in seven days.
        items_month: Items of one material and person in 30 days.
        other_items: The same for materials without a line of their own.
        speed_m_per_h: Between two acts of one person; a fast car on a motorway.
        near_m: Closer places are one place: positions of stations are not exact.
        phone_accounts: Accounts seen on one phone in 30 days; families share phones.
        companions: People who acted within two minutes of this person, at one
            station, on three or more days of the last 30.
        located_share_bps: What located acts (P1) may earn in 30 days, in 1/10,000 of what
            attested ones (P2, P3) earned. A share of value, so that splitting one's
            deposits or one's accounts gains nothing.
        located_station_day: Located acts at one station and day.
    """

    acts_week: int = 16
    items_month: Mapping[str, int] = field(default_factory=lambda: DEFAULT_ITEMS)
    other_items: int = 60
    speed_m_per_h: int = 130_000
    near_m: int = 1_000
    phone_accounts: int = 5
    companions: int = 3
    located_share_bps: int = 1_500
    located_station_day: int = 40


@dataclass(frozen=True, slots=True)
class Seen:
    """A past act of the same person that was paid or waits.

    Attributes:
        at: When it happened.
        level: P1, P2 or P3.
        material: What was brought; `None` for a trip.
        items: How many.
        units: What it earned. Unit: token units.
        distance_m: From its place to the place of the act at hand; `None` without places.
    """

    at: datetime
    level: str
    material: str | None = None
    items: int = 1
    distance_m: int | None = None
    units: int = 0


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The act at hand; `units` is what it would earn."""

    at: datetime
    level: str
    material: str | None = None
    items: int = 1
    units: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What is known around an act.

    Attributes:
        person: Acts of the same person in the 30 days before, any order.
        phone_accounts: Accounts seen on this phone in 30 days, this one included.
        companions: People who keep acting together with this person.
        station_located_today: Located acts at this station and local day, this one excluded.
        device_is_in_doubt: The device's counter went backwards or it was in two places.
    """

    person: Sequence[Seen] = ()
    phone_accounts: int = 1
    companions: int = 0
    station_located_today: int = 0
    device_is_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason for doubt: a stable code, its weight, and the facts of its sentence."""

    code: str
    points: int
    facts: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Assessment:
    """All signals of an act."""

    signals: tuple[Signal, ...]

    @property
    def points(self) -> int:
        """Sum of the points."""
        return sum(signal.points for signal in self.signals)

    @property
    def is_held(self) -> bool:
        """True when a person shall look."""
        return self.points >= HOLD_POINTS


def assess(act: Doubtful, history: History, limits: Limits) -> Assessment:
    """Collect the reasons for doubting an act."""
    found = (
        _too_many(act, history, limits),
        _too_much(act, history, limits),
        _too_fast(act, history, limits),
        _unattested(act, history, limits),
        _shared_phone(history, limits),
        _companions(history, limits),
        _crowded(act, history, limits),
        _device(history),
    )
    return Assessment(tuple(signal for signal in found if signal is not None))


def _too_many(act: Doubtful, history: History, limits: Limits) -> Signal | None:
    count = 1 + sum(1 for seen in history.person if act.at - _WEEK < seen.at <= act.at)
    if count <= limits.acts_week:
        return None
    return Signal("acts_many", HOLD_POINTS, {"count": count, "limit": limits.acts_week})


def _too_much(act: Doubtful, history: History, limits: Limits) -> Signal | None:
    if act.material is None:
        return None
    limit = limits.items_month.get(act.material, limits.other_items)
    items = act.items + sum(
        seen.items
        for seen in history.person
        if seen.material == act.material and act.at - HISTORY < seen.at <= act.at
    )
    if items <= limit:
        return None
    facts: dict[str, int | str] = {"material": act.material, "items": items, "limit": limit}
    return Signal("items_many", HOLD_POINTS, facts)


def _too_fast(act: Doubtful, history: History, limits: Limits) -> Signal | None:
    for seen in history.person:
        if seen.distance_m is None or seen.distance_m <= limits.near_m:
            continue
        apart_s = abs(int((act.at - seen.at).total_seconds()))
        # Compared as products: the speed itself would need a division, by zero at worst.
        if seen.distance_m * _SECONDS_PER_H > limits.speed_m_per_h * apart_s:
            facts = {"distance_m": seen.distance_m, "seconds": apart_s}
            return Signal("places_too_far", HOLD_POINTS, facts)
    return None


def _unattested(act: Doubtful, history: History, limits: Limits) -> Signal | None:
    """Bind located acts to attested ones: a printed sticker and a phone's word are cheap."""
    if act.level != _LOCATED:
        return None
    within = [seen for seen in history.person if act.at - HISTORY < seen.at]
    attested = sum(seen.units for seen in within if seen.level in _ATTESTED)
    located = act.units + sum(seen.units for seen in within if seen.level == _LOCATED)
    if located * _FULL_BPS <= attested * limits.located_share_bps:
        return None
    facts = {"located_units": located, "attested_units": attested}
    return Signal("attested_acts_few", HOLD_POINTS, facts)


def _shared_phone(history: History, limits: Limits) -> Signal | None:
    if history.phone_accounts <= limits.phone_accounts:
        return None
    facts = {"accounts": history.phone_accounts, "limit": limits.phone_accounts}
    return Signal("phone_shared", HOLD_POINTS, facts)


def _companions(history: History, limits: Limits) -> Signal | None:
    if history.companions <= limits.companions:
        return None
    facts = {"people": history.companions, "limit": limits.companions}
    return Signal("always_together", HOLD_POINTS, facts)


def _crowded(act: Doubtful, history: History, limits: Limits) -> Signal | None:
    if act.level != _LOCATED or history.station_located_today < limits.located_station_day:
        return None
    facts = {"count": history.station_located_today + 1, "limit": limits.located_station_day}
    return Signal("station_crowded", HOLD_POINTS, facts)


def _device(history: History) -> Signal | None:
    if not history.device_is_in_doubt:
        return None
    return Signal("device_in_doubt", HOLD_POINTS, {})


def is_near_enough(distance_m: int, accuracy_m: int, *, limit_m: int = 150) -> bool:
    """Tell whether a phone that claims to be somewhere may be at the sticker.

    The phone's own error counts in its favour, up to 200 m: a larger one would turn any
    place into the right one.
    """
    return distance_m <= limit_m + min(accuracy_m, 200)
