"""The scheme under attack: the real rulebook engine, doubt rules and mass balance, in memory.

What stands in for the world is named: a reviewer who lets one fake in five pass, a
collection every seven days weighed with 1 % of error, items whose mass varies by 30 %,
drop gates and crushers that take one junk object in a hundred for a good one, a clerk who
is sent away after the first round that is far too light, stations that have earned full
reliability before anybody attacks.
"""

import math
import random
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TypeAlias

from backend.actions.verifiers import sticker
from backend.collections import rules as balance
from backend.collections.rules import ITEM_G, Balance, Round
from backend.review import rules
from backend.review.rules import Doubtful, History, Limits, Seen
from backend.rulebook import engine
from backend.rulebook.act import Act, Place
from backend.workflows import surroundings
from scripts.red_team.acts import DAY_S, DAYS, FIRST_DAY, START, TownAct
from scripts.red_team.around import Surroundings

EDITION = Path(__file__).parents[2] / "backend" / "rulebook" / "editions" / "amp-2026-1.yaml"
WEEK_S = 7 * DAY_S
WEIGHED = frozenset({"bin", "counter"})
"""What a lorry's scales can say something about. Junk that a drop gate lets through weighs
as much as glass, so gates are left out, which favours the attackers."""
ITEM_SPREAD = 0.3
REVIEW_MISS = 0.2
GATE_MISS = 0.01
SCALE_ERROR = 0.01
WAIT_S = int(rules.LOCATED_WAIT.total_seconds())
"""A located act that waits for attested ones is looked at after each of them so long."""
Container: TypeAlias = tuple[int, str]
"""Station and material."""


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
    station_usual: bool = True
    phone: bool = True
    company: bool = True


@dataclass(slots=True)
class Books:
    """What one agent earned, and what happened to its claims."""

    real_units: int = 0
    fake_units: int = 0
    located_units: int = 0
    attested_items: int = 0
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


@cache
def _shipped_edition() -> engine.Rulebook:
    return engine.load(EDITION.read_bytes())


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
    if not controls.station_usual:
        shipped = replace(shipped, usual_bps=never)
    if not controls.phone:
        shipped = replace(shipped, phone_accounts=never)
    if not controls.company:
        shipped = replace(shipped, companions=never)
    return shipped


@dataclass(slots=True)
class Scheme:
    """Takes claims in the order of time and keeps the books."""

    controls: Controls
    draw: random.Random
    background_g: dict[Container, int] = field(default_factory=dict)
    books: dict[int, Books] = field(default_factory=lambda: defaultdict(Books))
    _rulebook: engine.Rulebook = field(default_factory=_shipped_edition)
    _seen: dict[tuple[int, int], deque[Seen]] = field(default_factory=lambda: defaultdict(deque))
    _counters: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _pending: list[_Pending] = field(default_factory=list)
    _waiting: dict[tuple[int, int], list[_Waiting]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _claimed_g: dict[Container, int] = field(default_factory=lambda: defaultdict(int))
    _claimed_items: dict[Container, int] = field(default_factory=lambda: defaultdict(int))
    _weighed_g: dict[Container, float] = field(default_factory=lambda: defaultdict(float))
    _carried_g: dict[Container, int] = field(default_factory=lambda: defaultdict(int))
    _acts: dict[Container, int] = field(default_factory=lambda: defaultdict(int))
    _acts_g: dict[Container, int] = field(default_factory=lambda: defaultdict(int))
    _past_g: dict[Container, list[int]] = field(default_factory=lambda: defaultdict(list))
    _reliability: dict[int, int] = field(default_factory=dict)
    _last_weighed_g: dict[Container, int] = field(default_factory=dict)
    _dismissed: set[int] = field(default_factory=set)
    _limits: Limits = field(default_factory=Limits)
    _around: Surroundings = field(default_factory=Surroundings)

    def run(self, acts: list[TownAct]) -> None:
        """Process all claims; a collection round after each week, books from day 0 on."""
        self._limits = limits_of(self.controls)
        next_round_s = FIRST_DAY * DAY_S + WEEK_S
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
            near = sticker.is_near_enough(act.gps_error_m, act.gps_accuracy_m)
            if self.controls.position and not near:
                book.refused += 1
                return
        self._around.admit(act)
        self._judge(act, book, is_second_look=False)
        if act.kind != "sticker":
            book.attested_items += act.items
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
        doubt = self._doubt(act, units=evaluation.amount_units)
        codes = [signal.code for signal in doubt.signals]
        if rules.only_waits(codes):
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
        if act.kind == "sticker":
            self._around.pay_located(act)
        # An act that waited is paid, and counted as issued, when it is looked at again.
        self._pay(act, evaluation.amount_units, self._book(act))
        return True

    def _doubt(self, act: TownAct, *, units: int) -> rules.Assessment:
        act_at_hand = Doubtful(_instant(act.at_s), _level(act), act.material, act.items, units)
        history = self._history(act)
        doubt = rules.assess(act_at_hand, history, self._limits)
        if not doubt.signals:
            return doubt
        # As online: company holds nothing alone and is looked for beside another sign only.
        history = replace(history, companions=self._around.companions(act))
        return rules.assess(act_at_hand, history, self._limits)

    def _history(self, act: TownAct) -> History:
        where = (act.station, act.material)
        seen = self._seen[act.agent, act.account]
        # No rule reads further back; what came in order of time leaves in order of time.
        while seen and seen[0].at <= _instant(act.at_s) - rules.LOCATED_HISTORY:
            seen.popleft()
        past = self._past_g[where][-surroundings.USUAL_ROUNDS :]
        base_g = self.background_g.get(where, 0)
        usual_g = base_g + sum(past) // len(past) if past else base_g
        return History(
            seen,
            phone_accounts=self._around.accounts_on_phone(act),
            station_located_today=self._around.located_today(act),
            device_is_in_doubt=act.is_device_suspect,
            open_mass_g=base_g + self._claimed_g[where] + act.items * ITEM_G[act.material],
            usual_mass_g=usual_g if act.kind in WEIGHED else 0,
            usual_act_g=self._acts_g[where] // max(1, self._acts[where]),
        )

    def _look_again(self, act: TownAct) -> None:
        person = (act.agent, act.account)
        left = []
        # What waits on changes nothing, so the next act of the same worth waits on too.
        still: set[tuple[str, int, bool]] = set()
        for waiting in self._waiting[person]:
            crowd = self._around.located_today(replace(waiting.act, at_s=act.at_s))
            is_crowded = crowd >= self._limits.located_station_day
            worth = (waiting.act.material, waiting.act.items, is_crowded)
            if act.at_s - waiting.since_s > WAIT_S:
                self._book(waiting.act).held += 1
            elif worth in still or not self._judge(
                replace(waiting.act, at_s=act.at_s), self._book(waiting.act), is_second_look=True
            ):
                still.add(worth)
                left.append(waiting)
            else:
                still.clear()
        self._waiting[person] = left

    def _fools_reviewer(self, act: TownAct) -> bool:
        # A code that its own machine does not know is no matter of opinion.
        return not act.is_device_suspect and self.draw.random() < REVIEW_MISS

    def _pay(self, act: TownAct, units: int, book: Books) -> None:
        later = 0
        if act.is_real and act.kind == "sticker":
            book.located_units += units
        if act.kind in WEIGHED:
            where = (act.station, act.material)
            mass_g = act.items * ITEM_G[act.material]
            self._claimed_g[where] += mass_g
            self._acts[where] += 1
            self._acts_g[where] += mass_g
            # A bin weighs what it takes; what a clerk counts has its usual mass only.
            if act.kind == "counter":
                self._claimed_items[where] += act.items
            if act.is_real:
                self._weighed_g[where] += self._true_g(act, mass_g)
            if self.controls.mass_balance:
                reliability = self._reliability.get(act.station, balance.FULL_BPS)
                share = balance.at_once_bps(reliability, act.kind)
                _, later = balance.split(units, share)
                self._pending.append(_Pending(act, later))
        _credit(book, units - later, is_real=act.is_real)

    def _true_g(self, act: TownAct, mass_g: int) -> float:
        if act.kind != "counter":
            return mass_g
        spread = ITEM_SPREAD * mass_g / math.sqrt(act.items)
        return max(0.0, self.draw.gauss(mass_g, spread))

    def _collect(self) -> None:
        claimed = {*self._claimed_g, *self._carried_g}
        rounds = {where: self._weigh(where) for where in sorted(claimed)}
        by_station: dict[int, list[Balance]] = defaultdict(list)
        for (station, _), found in rounds.items():
            by_station[station].append(found)
        for station, mine in by_station.items():
            self._reliability[station] = min(found.reliability_bps for found in mine)
            if any(found.is_gross for found in mine):
                self._dismissed.add(station)
        gross: dict[Container, list[_Pending]] = defaultdict(list)
        for pending in self._pending:
            where = (pending.act.station, pending.act.material)
            if rounds[where].is_gross:
                gross[where].append(pending)
            else:
                self._settle(pending, rounds[where].keep)
        for where, waiting in gross.items():
            self._review(where, waiting)
        self._pending.clear()
        self._claimed_g.clear()
        self._claimed_items.clear()
        self._weighed_g.clear()

    def _weigh(self, where: Container) -> Balance:
        base_g = self.background_g.get(where, 0)
        weighed_g = round((self._weighed_g[where] + base_g) * self.draw.gauss(1, SCALE_ERROR))
        self._last_weighed_g[where] = weighed_g
        self._past_g[where].append(max(0, weighed_g - base_g))
        found = balance.judge_round(
            Round(self._claimed_g[where] + base_g, weighed_g, self._carried_g[where]),
            reliability_bps=self._reliability.get(where[0], balance.FULL_BPS),
            tolerance_bps=balance.tolerance_bps(self._claimed_items[where]),
        )
        self._carried_g[where] = found.carried_g
        return found

    def _review(self, where: Container, waiting: list[_Pending]) -> None:
        """Let a person refuse what does not convince, then trim what is still missing."""
        left = []
        for pending in waiting:
            act = pending.act
            self._book(act).held += 1
            if act.is_real or self._fools_reviewer(act):
                left.append(pending)
        base_g = self.background_g.get(where, 0)
        claimed_g = base_g + sum(p.act.items * ITEM_G[p.act.material] for p in left)
        found = balance.judge_round(
            Round(claimed_g, self._last_weighed_g[where]),
            reliability_bps=0,
            tolerance_bps=balance.tolerance_bps(self._claimed_items[where]),
        )
        for pending in left:
            self._settle(pending, found.keep)

    def _settle(self, pending: _Pending, keep: Fraction) -> None:
        act, book = pending.act, self._book(pending.act)
        kept = balance.trim({"": pending.units}, keep)[""]
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
