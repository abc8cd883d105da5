"""Pure rules of doubt: signals over an act and its history; they hold a reward, never ban.

Every signal says in words what it saw. The sum of points decides between paying and
showing the act to a person; nothing here refuses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

HOLD_POINTS = 100
"""An act with so many points waits for a person."""
SOFT_POINTS = 50
"""A signal that honest families and busy places show too: it holds beside a second one only."""
HISTORY = timedelta(days=30)
"""How far back habits are read."""
SEASON_MONTHS = 3
LOCATED_HISTORY = SEASON_MONTHS * HISTORY
"""How far back attested acts bear located ones: what somebody brings in one month is chance, the
mean of a season is not. The better of the two counts."""
LOCATED_WAIT = timedelta(days=60)
"""A located act that lacks attested ones waits for them so long before a person looks."""

_WEEK = timedelta(days=7)
_LOCATED = "P1"
_ATTESTED = frozenset({"P2", "P3"})
_SECONDS_PER_H = 3600
_FULL_BPS = 10_000

SIGNALS = frozenset(
    {
        "acts_many",
        "items_many",
        "places_too_far",
        "attested_acts_few",
        "phone_shared",
        "always_together",
        "station_crowded",
        "device_in_doubt",
        "slot_overfull",
        "codes_of_others",
        "station_overfull",
    }
)
"""Every code that `assess` can return."""
WAITS = "attested_acts_few"
"""The one signal that later acts settle."""
SOFT = frozenset({"phone_shared", "always_together", "station_crowded", "codes_of_others"})
"""Codes that hold nothing alone."""

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
            machine, on three or more days of the last 30.
        located_share_bps: What located acts (P1) may earn in 30 days, in 1/10,000 of what
            attested ones (P2, P3) earn in 30 days. A share of value, so that splitting one's
            deposits or one's accounts gains nothing. Nothing is free beside it: an account costs
            an address, and thirty of them would each take what one person may have.
        located_station_day: Located acts at one station and day.
        used_codes_week: Codes that somebody else had used already, presented in seven days.
        usual_bps: Mass claimed since a container was emptied, in 1/10,000 of what its
            rounds usually weigh.
        usual_acts: Deposits of usual mass beyond that.
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
    used_codes_week: int = 5
    usual_bps: int = 20_000
    usual_acts: int = 3


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
        person: Acts of the same person in the 90 days before, any order.
        phone_accounts: Accounts seen on this phone in 30 days, this one included.
        companions: People who keep acting together with this person.
        station_located_today: Located acts at this station and local day, this one excluded.
        device_is_in_doubt: The device's counter went backwards or it was in two places.
        slot_seq, slot_capacity: Which code of its slot a kiosk's code is, from 0, and how many
            the kiosk may show; capacity 0 where no kiosk signed.
        used_codes: Codes presented in seven days that somebody else had used.
        open_mass_g: Claimed at this container since it was emptied, this act included.
        usual_mass_g: What its last rounds weighed on average, or what it holds when none
            did; 0 when neither is known.
        usual_act_g: What one deposit there usually weighs.
    """

    person: Sequence[Seen] = ()
    phone_accounts: int = 1
    companions: int = 0
    station_located_today: int = 0
    device_is_in_doubt: bool = False
    slot_seq: int = 0
    slot_capacity: int = 0
    used_codes: int = 0
    open_mass_g: int = 0
    usual_mass_g: int = 0
    usual_act_g: int = 0


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
        _slot(history),
        _used_codes(history, limits),
        _overfull(history, limits),
    )
    return Assessment(tuple(signal for signal in found if signal is not None))


def only_waits(codes: Iterable[str]) -> bool:
    """Tell whether later acts settle what is held: nothing else in it would hold by itself."""
    signals = [code for code in codes if code in SIGNALS]
    others = [code for code in signals if code != WAITS]
    return WAITS in signals and len(others) * SOFT_POINTS < HOLD_POINTS and SOFT.issuperset(others)


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
    season = [seen for seen in history.person if act.at - LOCATED_HISTORY < seen.at]
    month = [seen for seen in season if act.at - HISTORY < seen.at]
    attested = max(_attested_units(month), _attested_units(season) // SEASON_MONTHS)
    located = act.units + sum(seen.units for seen in month if seen.level == _LOCATED)
    if located * _FULL_BPS <= attested * limits.located_share_bps:
        return None
    facts = {"located_units": located, "attested_units": attested}
    return Signal(WAITS, HOLD_POINTS, facts)


def _attested_units(seen: Sequence[Seen]) -> int:
    return sum(one.units for one in seen if one.level in _ATTESTED)


def _shared_phone(history: History, limits: Limits) -> Signal | None:
    if history.phone_accounts <= limits.phone_accounts:
        return None
    facts = {"accounts": history.phone_accounts, "limit": limits.phone_accounts}
    return Signal("phone_shared", SOFT_POINTS, facts)


def _companions(history: History, limits: Limits) -> Signal | None:
    if history.companions <= limits.companions:
        return None
    facts = {"people": history.companions, "limit": limits.companions}
    return Signal("always_together", SOFT_POINTS, facts)


def _crowded(act: Doubtful, history: History, limits: Limits) -> Signal | None:
    if act.level != _LOCATED or history.station_located_today < limits.located_station_day:
        return None
    facts = {"count": history.station_located_today + 1, "limit": limits.located_station_day}
    return Signal("station_crowded", SOFT_POINTS, facts)


def _device(history: History) -> Signal | None:
    if not history.device_is_in_doubt:
        return None
    return Signal("device_in_doubt", HOLD_POINTS, {})


def _slot(history: History) -> Signal | None:
    """A kiosk shows so many codes a slot; one beyond them was signed by something else."""
    if history.slot_capacity == 0 or history.slot_seq < history.slot_capacity:
        return None
    facts = {"number": history.slot_seq + 1, "limit": history.slot_capacity}
    return Signal("slot_overfull", HOLD_POINTS, facts)


def _used_codes(history: History, limits: Limits) -> Signal | None:
    if history.used_codes <= limits.used_codes_week:
        return None
    facts = {"count": history.used_codes, "limit": limits.used_codes_week}
    return Signal("codes_of_others", SOFT_POINTS, facts)


def _overfull(history: History, limits: Limits) -> Signal | None:
    """More is claimed than the container usually holds, and no lorry came."""
    if history.usual_mass_g == 0:
        return None
    # A few deposits more than usual are chance where few are usual.
    chance_g = limits.usual_acts * history.usual_act_g
    if (history.open_mass_g - chance_g) * _FULL_BPS <= history.usual_mass_g * limits.usual_bps:
        return None
    facts = {"claimed_g": history.open_mass_g, "usual_g": history.usual_mass_g}
    return Signal("station_overfull", HOLD_POINTS, facts)
