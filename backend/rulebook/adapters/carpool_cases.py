"""Replays `carpool-cases/1` files: recorded, random and edge cases of the carpool register."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from backend.rulebook.act import Act, Place
from backend.rulebook.adapters.carpool import COUNTERS, PERIODS, RUN_TIME_BUDGET, TARGETS, read_json
from backend.rulebook.adapters.carpool_conditions import TERRITORY, code_lists, name_of
from backend.rulebook.document import edition_from_tree, edition_tree
from backend.rulebook.engine import evaluate
from backend.rulebook.errors import ActIncompleteError, CampaignUnsupportedError
from backend.rulebook.evaluation import CounterKey
from backend.rulebook.prepared.caps import counter_key
from backend.rulebook.rulebook import Rulebook
from backend.rulebook.schema.edition import Edition

CASES_SCHEMA = "carpool-cases/1"

DERIVED_ON = date(2026, 11, 23)
"""Day on which the published outputs were computed; used where a file does not say it."""

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One replayed case: what was expected, what came out, and every difference in words."""

    n: int
    topic: str
    expected: tuple[int | None, ...]
    got: tuple[int | str, ...]
    differences: tuple[str, ...]
    note: str = ""
    campaign: str = ""


def replay(rulebook: Rulebook, document: bytes | str) -> list[CaseResult]:
    """Replay every case of a file with the run-time parameters of the case.

    Args:
        document: JSON text of schema `carpool-cases/1`.
    Returns:
        One result per case, in order.
    Raises:
        CampaignUnsupportedError: The file is no such document.
    """
    cases = read_json(document)
    if not isinstance(cases, Mapping) or cases.get("schema") != CASES_SCHEMA:
        raise CampaignUnsupportedError("schema", f"must be {CASES_SCHEMA!r}")
    try:
        return _Replay(rulebook, cases).run()
    except (KeyError, TypeError, AttributeError) as problem:
        raise CampaignUnsupportedError("cases", f"malformed near {problem!r}") from problem


def bind(edition: Edition, policy: Facts) -> Edition:
    """Return an edition with the run-time parameters of a case filled in.

    Args:
        policy: `start` and `end` (both inclusive), `budget_cents`, `territory_selector`, and any
            list of days the edition names.
    """
    tree = edition_tree(edition)
    tree["validity"] = {"from": policy.get("start"), "until": policy.get("end")}
    selector = policy.get("territory_selector")
    if selector is None:
        tree["require"] = [item for item in tree.get("require", []) if item["id"] != TERRITORY]
    elif TERRITORY in edition.areas:
        tree["areas"] = tree["areas"] | {TERRITORY: {"codes": code_lists(selector)}}
    given = {name_of(name): value for name, value in policy.items() if value is not None}
    lists = {name: given[name] for name in edition.date_lists if name in given}
    if lists:
        tree["date_lists"] = tree.get("date_lists", {}) | lists
    if "budget_cents" in policy:
        tree["caps"] = [
            cap | {"max": policy["budget_cents"]} if _is_run_time_budget(cap) else cap
            for cap in tree.get("caps", [])
        ]
    return edition_from_tree(tree)


def acts_of(cases: Facts, case: Facts) -> list[Act]:
    """Return the trips of a case as acts."""
    places = {name: _place(facts) for name, facts in cases["places"].items()}
    day = cases.get("processing_date")
    processed_on = date.fromisoformat(day) if day else DERIVED_ON
    return [_act(trip, places, processed_on) for trip in case["trips"]]


class _Replay:
    def __init__(self, rulebook: Rulebook, cases: Facts) -> None:
        self._edition = rulebook.edition
        self._cases = cases
        self._bound: dict[str, Rulebook] = {}

    def run(self) -> list[CaseResult]:
        return [self._case(case) for case in self._cases["cases"]]

    def _case(self, case: Facts) -> CaseResult:
        rulebook = self._rulebook(case["policy"])
        opening = {self._key(item): item["value"] for item in case.get("opening") or ()}
        counters: dict[CounterKey, int] = dict(opening)
        got: list[int | str] = []
        before_caps: list[int | str] = []
        for act in acts_of(self._cases, case):
            try:
                result = evaluate(act, rulebook, counters, with_lines=False)
            except ActIncompleteError as problem:
                got.append(problem.message)
                before_caps.append(problem.message)
                continue
            for move in result.moves:
                counters[move.key] = counters.get(move.key, 0) + move.delta
            got.append(result.amount_units)
            before_caps.append(result.before_caps_units)
        touched = {key: value for key, value in counters.items() if value != opening.get(key, 0)}
        return self._result(case, got, before_caps, counters, touched)

    def _result(
        self,
        case: Facts,
        got: list[int | str],
        before_caps: list[int | str],
        counters: Mapping[CounterKey, int],
        touched: Mapping[CounterKey, int],
    ) -> CaseResult:
        is_upstream_failure = case.get("upstream") == "fail" and "engine_output" in case
        expected = case["engine_output"] if is_upstream_failure else case["expected"]
        closing = case.get("engine_closing" if is_upstream_failure else "closing")
        # Generated cases list every counter that moved; recorded ones leave some out.
        complete = touched if "before_caps" in case else {}
        differences = [
            *_amount_differences("", case, expected, got),
            *_amount_differences("before caps ", case, case.get("before_caps"), before_caps),
            *self._counter_differences(closing, counters, complete),
        ]
        note = ""
        if is_upstream_failure:
            note = f"upstream's own test fails here; it wishes {case['expected']}"
        return CaseResult(
            case["n"],
            str(case.get("topic", "")),
            tuple(expected),
            tuple(got),
            tuple(differences),
            note,
            str(self._cases.get("campaign", "")),
        )

    def _counter_differences(
        self,
        closing: list[Facts] | None,
        counters: Mapping[CounterKey, int],
        complete: Mapping[CounterKey, int],
    ) -> list[str]:
        if closing is None:
            return []
        wanted = {self._key(item): item["value"] for item in closing}
        keys = dict.fromkeys([*wanted, *complete])
        return [
            f"counter {key}: expected {wanted.get(key, 0)}, got {counters.get(key, 0)}"
            for key in keys
            if not (key in wanted and wanted[key] is None)
            and wanted.get(key, 0) != counters.get(key, 0)
        ]

    def _rulebook(self, policy: Facts) -> Rulebook:
        text = json.dumps(policy, sort_keys=True)
        if text not in self._bound:
            self._bound[text] = Rulebook(bind(self._edition, policy))
        return self._bound[text]

    def _key(self, item: Facts) -> CounterKey:
        target = TARGETS[item["target"]]
        what = (target, COUNTERS[item["counter"]], PERIODS[item["period"]])
        names: dict[tuple[str, str, str], str] = {
            (cap.target, cap.counter, cap.period): cap.counter_name or cap.id
            for cap in self._edition.caps
        }
        return counter_key(
            series=self._edition.edition.series,
            counter=names.get(what, "-".join(what)),
            target=target,
            ref=item.get("who") or "-",
            period=item.get("period_key") or "",
        )


def _is_run_time_budget(cap: Facts) -> bool:
    return str(cap["id"]).startswith(RUN_TIME_BUDGET)


def _amount_differences(
    what: str, case: Facts, expected: list[int | None] | None, got: list[int | str]
) -> list[str]:
    if expected is None:
        return []
    if len(expected) != len(got):
        return [f"{what}{len(expected)} amounts expected, {len(got)} trips replayed"]
    return [
        f"{what}trip {trip.get('id', at + 1)}: expected {wanted}, got {value}"
        for at, (trip, wanted, value) in enumerate(zip(case["trips"], expected, got, strict=True))
        if wanted is not None and wanted != value
    ]


def _place(facts: Facts) -> Place:
    codes = {
        level: str(code)
        for level, code in facts.items()
        if level not in ("lat", "lon") and code is not None
    }
    return Place(codes, _decimal(facts.get("lat")), _decimal(facts.get("lon")))


def _decimal(value: int | str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _act(trip: Facts, places: Mapping[str, Place], processed_on: date) -> Act:
    return Act(
        kind="mobility",
        mode="carpool",
        occurred_at=datetime.fromisoformat(trip["departure"]),
        proof_level="P2",
        place=places.get(trip.get("start") or ""),
        end_place=places.get(trip.get("end") or ""),
        distance_m=trip.get("distance_m"),
        duration_s=trip.get("duration_s"),
        seats=trip.get("seats"),
        person_ref=trip.get("driver"),
        driver_ref=trip.get("driver"),
        passenger_ref=trip.get("passenger"),
        operator_trip_ref=trip.get("operator_trip"),
        operator=trip.get("operator"),
        operator_class=trip.get("class"),
        passenger_adult=trip.get("passenger_is_adult"),
        driver_revenue_units=trip.get("driver_revenue_cents"),
        passenger_contribution_units=trip.get("passenger_contribution_cents"),
        processed_on=processed_on,
    )
