"""The scheme under attack: the real rulebook engine, doubt rules and mass balance, in memory.

What stands in for the world is named: a reviewer who lets one fake in five pass, a
collection every seven days weighed with 1 % of error, drop gates and crushers that take
one junk object in a hundred for a good one.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.collections import rules as balance
from backend.collections.rules import Balance, Round
from backend.review import rules
from backend.review.rules import Doubtful, History, Limits, Seen
from backend.rulebook import engine
from backend.rulebook.act import Act, Place

EDITION = Path(__file__).parents[2] / "backend" / "rulebook" / "editions" / "amp-2026-1.yaml"
START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 30
DAY_S = 86_400
WEEK_S = 7 * DAY_S
AT_ONCE_BPS = {"bin": 7_000, "counter": 0}
"""A machine pays 70 % at once and the rest when the mass reconciles; what one person signed
waits for the mass altogether."""
TOLERANCE_BPS = 300
ITEM_G = {
    "glass": 400,
    "packaging": 35,
    "paper": 80,
    "textile": 250,
    "plastic_bottle": 30,
    "can": 16,
}
REVIEW_MISS = 0.2
GATE_MISS = 0.01
SCALE_ERROR = 0.01
WAIT_S = 30 * DAY_S
"""A located act that waits for attested ones is looked at after each of them so long."""


@dataclass(frozen=True, slots=True)
class Controls:
    """Each defence, so that it can be switched off to see its attack succeed."""

    single_use: bool = True
    time_window: bool = True
    signature: bool = True
    drop_gate: bool = True
    crusher: bool = True
    velocity: bool = True
    household: bool = True
    located_share: bool = True
    position: bool = True
    mass_balance: bool = True
    announced: bool = True


@dataclass(frozen=True, slots=True)
class TownAct:
    """One claim as it arrives; `is_real` is what nobody but the simulation knows."""

    at_s: int
    agent: int
    account: int
    station: int
    kind: str
    material: str
    items: int
    is_real: bool = True
    gps_error_m: int = 0
    gps_accuracy_m: int = 15
    is_device_suspect: bool = False


@dataclass(slots=True)
class Books:
    """What one agent earned, and what happened to its claims."""

    real_units: int = 0
    fake_units: int = 0
    acts: int = 0
    located: int = 0
    refused: int = 0
    held: int = 0
    capped: int = 0
    trimmed_units: int = 0


@dataclass(slots=True)
class _Pending:
    act: TownAct
    units: int


@dataclass(slots=True)
class _Waiting:
    act: TownAct
    since_s: int


def limits_of(controls: Controls) -> Limits:
    """Return the shipped limits without those of the controls that are off."""
    never = 10**9
    shipped = Limits()
    if not controls.velocity:
        shipped = replace(shipped, acts_week=never)
    if not controls.household:
        shipped = replace(shipped, items_month=defaultdict(lambda: never), other_items=never)
    if not controls.located_share:
        shipped = replace(shipped, located_share_bps=never)
    return shipped


@dataclass(slots=True)
class Scheme:
    """Takes claims in the order of time and keeps the books."""

    controls: Controls
    draw: random.Random
    background_g: dict[int, int] = field(default_factory=dict)
    books: dict[int, Books] = field(default_factory=lambda: defaultdict(Books))
    _rulebook: engine.Rulebook = field(default_factory=lambda: engine.load(EDITION.read_bytes()))
    _seen: dict[tuple[int, int], list[Seen]] = field(default_factory=lambda: defaultdict(list))
    _counters: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _pending: list[_Pending] = field(default_factory=list)
    _waiting: dict[tuple[int, int], list[_Waiting]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _claimed_g: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    _weighed_g: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    _carried_g: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    _reliability: dict[int, int] = field(default_factory=dict)
    _dismissed: set[int] = field(default_factory=set)
    _limits: Limits = field(default_factory=Limits)

    def run(self, acts: list[TownAct]) -> None:
        """Process all claims; a collection round after each week, books from day 0 on."""
        self._limits = limits_of(self.controls)
        next_round_s = -4 * WEEK_S
        for act in sorted(acts, key=lambda found: found.at_s):
            while act.at_s >= next_round_s:
                self._collect()
                next_round_s += WEEK_S
            self._claim(act)
        self._collect()
        for waiting in self._waiting.values():
            for left in waiting:
                self._book(left.act).held += 1

    def _book(self, act: TownAct) -> Books:
        # The months before and after only make history; nobody reads their books.
        return self.books[act.agent] if 0 <= act.at_s < DAYS * DAY_S else Books()

    def _claim(self, act: TownAct) -> None:
        if act.station in self._dismissed and not act.is_real:
            return
        book = self._book(act)
        book.acts += 1
        if act.kind == "sticker":
            book.located += 1
            near = rules.is_near_enough(act.gps_error_m, act.gps_accuracy_m)
            if self.controls.position and not near:
                book.refused += 1
                return
        self._judge(act, book, is_second_look=False)
        if act.kind != "sticker":
            self._look_again(act)

    def _judge(self, act: TownAct, book: Books, *, is_second_look: bool) -> bool:
        evaluation = engine.evaluate(
            _engine_act(act), self._rulebook, self._counters, with_lines=False
        )
        if evaluation.amount_units == 0:
            book.capped += 1
            return True
        person = (act.agent, act.account)
        at, level = _instant(act.at_s), _level(act)
        doubt = rules.assess(
            Doubtful(at, level, act.material, act.items, evaluation.amount_units),
            History(self._seen[person], device_is_in_doubt=act.is_device_suspect),
            self._limits,
        )
        codes = [signal.code for signal in doubt.signals]
        if codes == ["attested_acts_few"]:
            if not is_second_look:
                self._waiting[person].append(_Waiting(act, act.at_s))
            return False
        if doubt.is_held:
            book.held += 1
            if not act.is_real and not self._fools_reviewer(act):
                return True
        for move in evaluation.moves:
            self._counters[move.key] += move.delta
        self._seen[person].append(
            Seen(at, level, act.material, act.items, units=evaluation.amount_units)
        )
        self._pay(act, evaluation.amount_units, book)
        return True

    def _look_again(self, act: TownAct) -> None:
        person = (act.agent, act.account)
        left = []
        for waiting in self._waiting[person]:
            book = self._book(waiting.act)
            if act.at_s - waiting.since_s > WAIT_S:
                book.held += 1
            elif not self._judge(replace(waiting.act, at_s=act.at_s), book, is_second_look=True):
                left.append(waiting)
        self._waiting[person] = left

    def _fools_reviewer(self, act: TownAct) -> bool:
        # A code that its own machine does not know is no matter of opinion.
        return not act.is_device_suspect and self.draw.random() < REVIEW_MISS

    def _pay(self, act: TownAct, units: int, book: Books) -> None:
        later = 0
        if act.kind in AT_ONCE_BPS:
            mass_g = act.items * ITEM_G[act.material]
            self._claimed_g[act.station] += mass_g
            self._weighed_g[act.station] += mass_g if act.is_real else 0
            if self.controls.mass_balance:
                share = AT_ONCE_BPS[act.kind]
                share = min(share, self._reliability.get(act.station, share))
                _, later = balance.split(units, share)
                self._pending.append(_Pending(act, later))
        _credit(book, units - later, is_real=act.is_real)

    def _collect(self) -> None:
        rounds = {station: self._weigh(station) for station in {*self._claimed_g, *self._carried_g}}
        for pending in self._pending:
            self._settle(pending, rounds[pending.act.station])
        self._dismissed |= {station for station, found in rounds.items() if found.is_gross}
        self._pending.clear()
        self._claimed_g.clear()
        self._weighed_g.clear()

    def _weigh(self, station: int) -> Balance:
        base_g = self.background_g.get(station, 0)
        weighed_g = self._weighed_g[station] + base_g
        found = balance.judge_round(
            Round(
                self._claimed_g[station] + base_g,
                round(weighed_g * self.draw.gauss(1, SCALE_ERROR)),
                self._carried_g[station],
            ),
            reliability_bps=self._reliability.get(station, balance.FULL_BPS),
            tolerance_bps=TOLERANCE_BPS,
        )
        self._reliability[station] = found.reliability_bps
        self._carried_g[station] = found.carried_g
        return found

    def _settle(self, pending: _Pending, found: Balance) -> None:
        act, book = pending.act, self._book(pending.act)
        kept = balance.trim({"": pending.units}, found.keep)[""]
        if found.is_gross:
            book.held += 1
            kept = pending.units if act.is_real or self._fools_reviewer(act) else 0
        _credit(book, kept, is_real=act.is_real)
        if act.is_real:
            book.trimmed_units += pending.units - kept


def _credit(book: Books, units: int, *, is_real: bool) -> None:
    if is_real:
        book.real_units += units
    else:
        book.fake_units += units


def _level(act: TownAct) -> str:
    return "P1" if act.kind == "sticker" else "P2"


def _instant(at_s: int) -> datetime:
    return START + timedelta(seconds=at_s)


def _engine_act(act: TownAct) -> Act:
    return Act(
        kind="recycling",
        occurred_at=_instant(act.at_s),
        proof_level=_level(act),
        material=act.material,
        place=_PLACE,
        count=act.items,
        mass_g=act.items * ITEM_G[act.material],
        person_ref=f"{act.agent}/{act.account}",
        station_ref=str(act.station),
    )


_PLACE = Place(codes={"epci": "200054807", "commune": "13005", "arr": "13005"}, lat=None, lon=None)
