"""Caps and budgets ready to use: whose counter, which period, how much is left."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Literal

from backend.rulebook.act import Act
from backend.rulebook.errors import ActIncompleteError
from backend.rulebook.evaluation import CounterKey
from backend.rulebook.prepared.facts import ReadNumber, reader, zone_of
from backend.rulebook.schema.base import Text
from backend.rulebook.schema.caps import Budget, Cap
from backend.rulebook.schema.edition import Edition

PERSON_RANK, STATION_RANK, COMMUNE_RANK, METROPOLIS_RANK = 1, 2, 3, 4

_RANKS = {
    "person": PERSON_RANK,
    "driver": PERSON_RANK,
    "passenger": PERSON_RANK,
    "operator_trip": PERSON_RANK,
    "station": STATION_RANK,
    "merchant": STATION_RANK,
    "operator": STATION_RANK,
    "commune": COMMUNE_RANK,
    "metropolis": METROPOLIS_RANK,
}
_REFS = {
    "person": "person_ref",
    "driver": "driver_ref",
    "passenger": "passenger_ref",
    "operator_trip": "operator_trip_ref",
    "station": "station_ref",
    "merchant": "merchant_ref",
    "operator": "operator",
}
_QUANTITIES = {
    "seats": "seats",
    "items": "count",
    "mass_g": "mass_g",
    "distance_m": "distance_m",
}

Kind = Literal["amount", "acts", "quantity"]


@dataclass(frozen=True, slots=True)
class PreparedCap:
    """One limit: `key` names the counter of an act, `kind` says how the limit works.

    `ref_fact` is the act's fact that `ref` reads, `commune` for the commune of its place, or None
    when there is one counter for all.
    """

    id: str
    kind: Kind
    counted: str
    target: str
    period: str
    zone: tzinfo
    zone_name: str
    max: int
    is_budget: bool
    refuses_remainder: bool
    title: Text | None
    counter: str
    prefix: str
    suffix: str
    ref: Callable[[Act], str]
    ref_fact: str | None
    quantity: ReadNumber
    quantity_fact: str | None

    def key(self, act: Act, days: dict[tzinfo, date]) -> CounterKey:
        """Return the counter's key; `days` remembers calendar days within one evaluation.

        Raises:
            ActIncompleteError: The act does not say who or where.
        """
        period = ""
        if self.period != "all":
            day = days.get(self.zone)
            if day is None:
                day = days[self.zone] = act.occurred_at.astimezone(self.zone).date()
            period = period_key(self.period, day)
        return f"{self.prefix}{self.ref(act)}{self.suffix}{period}"


def period_key(period: str, day: date) -> str:
    """Name the calendar period of a day: 2026-03-01, 2026-W09, 2026-03 or 2026."""
    match period:
        case "day":
            return day.isoformat()
        case "month":
            return f"{day.year:04d}-{day.month:02d}"
        case "year":
            return f"{day.year:04d}"
        case _:
            year, week, _ = day.isocalendar()
            return f"{year:04d}-W{week:02d}"


def counter_key(*, series: str, counter: str, target: str, ref: str, period: str) -> CounterKey:
    """Return the key that a cap of this counter, target and period reads."""
    prefix, suffix = _key_parts(series, counter, target)
    return f"{prefix}{ref}{suffix}{period}"


def prepare_cap(edition: Edition, cap: Cap) -> PreparedCap | None:
    """Return a cap ready to use, or None when its limit is not set."""
    if cap.max is None:
        return None
    kind: Kind = "quantity"
    if cap.counter in ("amount", "acts"):
        kind = "amount" if cap.counter == "amount" else "acts"
    counter = cap.counter_name or cap.id
    prefix, suffix = _key_parts(edition.edition.series, counter, cap.target)
    return PreparedCap(
        id=cap.id,
        kind=kind,
        counted=cap.counter,
        target=cap.target,
        period=cap.period,
        zone=zone_of(cap.time_zone or edition.time_zone),
        zone_name=cap.time_zone or edition.time_zone,
        max=cap.max,
        is_budget=False,
        refuses_remainder=False,
        title=cap.title,
        counter=counter,
        prefix=prefix,
        suffix=suffix,
        ref=_ref_reader(cap.target),
        ref_fact=_REFS.get(cap.target, "commune" if cap.target == "commune" else None),
        quantity=_quantity_reader(cap),
        quantity_fact=_QUANTITIES.get(cap.counter),
    )


def prepare_budget(edition: Edition, budget: Budget) -> PreparedCap:
    """Return a budget as the cap it is: amount per owner."""
    target = "metropolis" if budget.owner == "metropolis" else "commune"
    prefix, suffix = _key_parts(edition.edition.series, budget.id, target)
    owner = budget.owner if target == "commune" else "-"
    return PreparedCap(
        id=budget.id,
        kind="amount",
        counted="amount",
        target=target,
        period=budget.period,
        zone=zone_of(edition.time_zone),
        zone_name=edition.time_zone,
        max=budget.max_units,
        is_budget=True,
        refuses_remainder=budget.when_exhausted == "refuse",
        title=budget.title,
        counter=budget.id,
        prefix=prefix,
        suffix=suffix,
        ref=lambda _: owner,
        ref_fact=None,
        quantity=_one,
        quantity_fact=None,
    )


def _key_parts(series: str, counter: str, target: str) -> tuple[str, str]:
    return f"{_RANKS[target]}|{target}|", f"|{series}|{counter}|"


def _one(_: Act) -> int:
    return 1


def _quantity_reader(cap: Cap) -> ReadNumber:
    fact = _QUANTITIES.get(cap.counter)
    if fact is None:
        return _one
    if fact != "seats":
        return reader(fact)

    def seats(act: Act) -> int:
        if not act.seats:
            raise ActIncompleteError("seats")
        return act.seats

    return seats


def _ref_reader(target: str) -> Callable[[Act], str]:
    if target == "metropolis":
        return lambda _: "-"
    if target == "commune":
        return _commune
    fact = _REFS[target]

    def read(act: Act) -> str:
        value: str | None = getattr(act, fact)
        if not value:
            raise ActIncompleteError(fact)
        return value

    return read


def _commune(act: Act) -> str:
    code = act.place.codes.get("commune") if act.place is not None else None
    if not code:
        raise ActIncompleteError("place.codes.commune")
    return code
