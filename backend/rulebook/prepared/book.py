"""A whole edition prepared: rules by kind of act, their checks, tariffs, caps and releases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple

from backend.rulebook.act import Act
from backend.rulebook.condition_words import requirement_text
from backend.rulebook.evaluation import ReleaseKind
from backend.rulebook.prepared.caps import PreparedCap, prepare_budget, prepare_cap
from backend.rulebook.prepared.conditions import Test, prepare_condition
from backend.rulebook.prepared.facts import utc
from backend.rulebook.prepared.tariffs import PreparedTariff
from backend.rulebook.schema.base import Text
from backend.rulebook.schema.edition import Edition
from backend.rulebook.schema.rules import (
    AfterSeconds,
    OnMassBalance,
    Requirement,
    Rule,
    TrancheRule,
)

_FIRST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PreparedCheck:
    """A requirement as a function that tells whether it is met."""

    id: str
    is_met: Test
    text: Text


class PreparedTranche(NamedTuple):
    """A part of the amount: position, percentage and when it is released."""

    position: int
    percent: int
    release: ReleaseKind
    seconds: int
    days: int


AT_ONCE = (PreparedTranche(0, 100, "at_once", 0, 0),)


@dataclass(frozen=True, slots=True)
class PreparedRule:
    """One rule ready to use."""

    id: str
    title: Text
    accepts: Test
    checks: tuple[PreparedCheck, ...]
    tariff: PreparedTariff
    max_units_per_act: int | None
    caps: tuple[PreparedCap, ...]
    release: Mapping[str, tuple[PreparedTranche, ...]]
    top_ups: tuple["PreparedRule", ...]


class PreparedBook:
    """An edition as functions; built once per edition and shared."""

    def __init__(self, edition: Edition) -> None:
        compat = edition.compat
        self.edition_id = edition.edition.id
        self.counts_before_trimming = bool(compat and compat.count_before_trimming)
        self.is_clipped_at_zero = not (compat and compat.negative_amounts)
        self.stacking_percent = edition.stacking.max_percent_of_base if edition.stacking else 0
        validity = edition.validity
        # Instants of one and the same zone object compare without asking for their offsets.
        self._first = utc(validity.from_) or _FIRST
        self._before, self._until = utc(validity.before), utc(validity.until)
        self.checks = tuple(_check(edition, item) for item in edition.require)
        self._by_kind: dict[str, list[PreparedRule]] = {}
        for rule in edition.rules:
            if rule.tops_up is None:
                self._by_kind.setdefault(rule.acts.kind, []).append(_rule(edition, rule))

    def is_in_force(self, at: datetime) -> bool:
        """Tell whether an instant falls under the edition."""
        if at < self._first:
            return False
        if self._before is not None:
            return at < self._before
        return self._until is None or at <= self._until

    def rules(self, kind: str) -> Sequence[PreparedRule]:
        """Return the base rules of a kind of act, in order."""
        return self._by_kind.get(kind, ())

    def rule_for(self, act: Act) -> PreparedRule | None:
        """Return the first base rule that is about this act."""
        for rule in self._by_kind.get(act.kind, ()):
            if rule.accepts(act):
                return rule
        return None


def failed_check(checks: Sequence[PreparedCheck], act: Act) -> PreparedCheck | None:
    """Return the first check an act does not meet."""
    for check in checks:
        if not check.is_met(act):
            return check
    return None


def _rule(edition: Edition, rule: Rule) -> PreparedRule:
    compat = edition.compat
    return PreparedRule(
        id=rule.id,
        title=rule.title,
        accepts=_accepts(rule),
        checks=tuple(_check(edition, item) for item in rule.require),
        tariff=PreparedTariff(
            edition,
            rule.tariff,
            missing_seats_as_one=bool(compat and compat.missing_seats_as_one),
            floor_at_zero=not (compat and compat.negative_amounts),
        ),
        max_units_per_act=rule.max_units_per_act,
        caps=_caps(edition, rule),
        release={
            str(level): tuple(_tranche(at, part) for at, part in enumerate(parts))
            for level, parts in rule.release.items()
        },
        top_ups=tuple(
            _rule(edition, other)
            for other in edition.rules
            if other.tops_up is not None and rule.id in other.tops_up
        ),
    )


def _tranche(position: int, part: TrancheRule) -> PreparedTranche:
    release = part.release
    seconds = release.seconds if isinstance(release, AfterSeconds) else 0
    days = release.days if isinstance(release, OnMassBalance) else 0
    return PreparedTranche(position, part.share_percent, release.type, seconds, days)


def _accepts(rule: Rule) -> Test:
    kind = rule.acts.kind
    fields = [
        (name, frozenset(values))
        for name, values in (
            ("material", rule.acts.materials),
            ("mode", rule.acts.modes),
            ("proof_level", rule.acts.proof_levels),
        )
        if values is not None
    ]
    if not fields:
        return lambda act: act.kind == kind
    names, allowed = zip(*fields, strict=True)
    if len(fields) == 1:
        (only,), (values,) = names, allowed
        read = attrgetter(only)
        return lambda act: act.kind == kind and read(act) in values
    read_all = attrgetter(*names)
    return lambda act: (
        act.kind == kind
        and all(value in values for value, values in zip(read_all(act), allowed, strict=True))
    )


def _caps(edition: Edition, rule: Rule) -> tuple[PreparedCap, ...]:
    """Return the caps of a rule in order, its budget last.

    A top-up belongs to an act that is counted already, so only amounts limit it.
    """
    caps = [
        prepare_cap(edition, cap)
        for cap in sorted(edition.caps, key=lambda cap: cap.order)
        if (cap.rules is None or rule.id in cap.rules)
        and (rule.tops_up is None or cap.counter == "amount")
    ]
    budgets = [
        prepare_budget(edition, budget) for budget in edition.budgets if budget.id == rule.budget
    ]
    return (*(cap for cap in caps if cap is not None), *budgets)


def _check(edition: Edition, item: Requirement) -> PreparedCheck:
    wanted = item.require or item.exclude
    if wanted is None:  # pragma: no cover - a validated edition never comes here
        msg = "a validated requirement has a condition"
        raise AssertionError(msg)
    test = prepare_condition(edition, wanted)
    if item.exclude is not None:
        test = _negated(test)
    if item.when is not None:
        test = _unless(prepare_condition(edition, item.when), test)
    text = item.text or requirement_text(wanted, must_hold=item.exclude is None)
    return PreparedCheck(item.id, test, text)


def _negated(test: Test) -> Test:
    return lambda act: not test(act)


def _unless(applies: Test, test: Test) -> Test:
    return lambda act: not applies(act) or test(act)
