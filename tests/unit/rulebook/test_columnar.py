"""The fast evaluator gives the plain engine's amounts, on anything."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.rulebook.adapters.carpool import import_campaign, read_json
from backend.rulebook.adapters.carpool_cases import acts_of, bind
from backend.rulebook.engine import Act, ActIncompleteError, Rulebook
from backend.rulebook.simulation.columnar import simulate
from backend.rulebook.simulation.outcome import Outcomes
from backend.rulebook.simulation.plain import simulate_plain
from backend.rulebook.simulation.table import ActTable, table_of
from tests.unit.rulebook.books import DATA, book, cap, fixed, make_act, small_rule, small_tree
from tests.unit.rulebook.strategies import act_lists, acts, rulebook_of, trees


def _same(rulebook: Rulebook, table: ActTable) -> Outcomes | str:
    """Run both; return what they agree on, an error included."""
    found: list[Outcomes | str] = []
    for run in (simulate_plain, simulate):
        try:
            found.append(run(rulebook, table))
        except ActIncompleteError:
            found.append("incomplete")
    plain, fast = found
    if isinstance(plain, str) or isinstance(fast, str):
        assert plain == fast
        return plain
    assert plain.before_caps_units.tolist() == fast.before_caps_units.tolist()
    assert plain.rule.tolist() == fast.rule.tolist()
    assert plain.paid_units.tolist() == fast.paid_units.tolist()
    assert plain.top_up_units.tolist() == fast.top_up_units.tolist()
    return fast


@given(tree=trees(), found=act_lists)
@settings(max_examples=40)
def test_columns_equal_the_plain_engine_on_random_rulebooks(
    tree: dict[str, Any], found: list[Act]
) -> None:
    _same(rulebook_of(tree), table_of(found))


@given(tree=trees(always_pays=True), found=act_lists)
@settings(max_examples=40)
def test_columns_equal_the_plain_engine_when_caps_and_top_ups_meet(
    tree: dict[str, Any], found: list[Act]
) -> None:
    _same(rulebook_of(tree), table_of(found))


@given(
    tree=trees(),
    found=act_lists,
    hole=st.sampled_from(
        ["count", "mass_g", "distance_m", "seats", "person_ref", "station_ref", "place", "material"]
    ),
    row=st.integers(0, 13),
)
@settings(max_examples=20)
def test_columns_equal_the_plain_engine_when_a_fact_is_missing(
    tree: dict[str, Any], found: list[Act], hole: str, row: int
) -> None:
    at = row % len(found)
    nothing: dict[str, Any] = {hole: None}
    found[at] = replace(found[at], **nothing)

    _same(rulebook_of(tree), table_of(found))


@pytest.mark.parametrize("name", ["20221024_Occitanie", "20250101_Rennes", "20210520_IDFM"])
def test_columns_equal_the_plain_engine_on_real_campaigns(name: str) -> None:
    edition = import_campaign((DATA / "campaigns" / f"{name}.json").read_bytes())
    cases = read_json((DATA / "random" / f"{name}.json").read_bytes())

    for case in cases["cases"]:
        rulebook = Rulebook(bind(edition, case["policy"]))
        _same(rulebook, table_of(acts_of(cases, case)))


def test_amounts_beyond_64_bits_go_to_the_plain_engine() -> None:
    rule = small_rule(
        tariff={
            "variants": [{"tiers": [{"pay": [fixed("999999999999999.000000000000000001", "kg")]}]}]
        }
    )
    table = table_of([make_act(mass_g=10**12), make_act(mass_g=1)])

    outcome = _same(book(rules=[rule]), table)

    assert isinstance(outcome, Outcomes)
    assert outcome.paid_units.tolist() == [1_000_000, 1_000_000]


def test_dates_before_whole_minute_zones_go_to_the_plain_engine() -> None:
    old = datetime(1905, 1, 1, 23, 55, tzinfo=UTC)
    rule = small_rule(require=[{"id": "day", "require": {"type": "date", "from": "1905-01-02"}}])
    rulebook = book(
        rules=[rule], validity={"from": "1900-01-01T00:00:00Z", "before": "2040-01-01T00:00:00Z"}
    )

    outcome = _same(rulebook, table_of([make_act(occurred_at=old)]))

    assert isinstance(outcome, Outcomes)
    assert outcome.paid_units.tolist() == [100]


def test_only_contended_counters_are_trimmed() -> None:
    found = [make_act(person_ref=name) for name in "aabbbbc"]

    outcome = _same(book(caps=[cap(max=250)]), table_of(found))

    assert isinstance(outcome, Outcomes)
    assert outcome.paid_units.tolist() == [100, 100, 100, 100, 50, 0, 100]


def test_empty_table_gives_nothing() -> None:
    assert len(simulate(book(), table_of([])).paid_units) == 0


@given(found=st.lists(acts, max_size=6))
@settings(max_examples=15)
@example(found=[])
def test_table_keeps_every_fact(found: list[Act]) -> None:
    table = table_of(found)

    assert list(table.acts()) == found
    assert [table.act(row) for row in range(len(table))] == found
    assert list(table.take(np.arange(len(found))).acts()) == found


@given(
    found=act_lists,
    limit=st.integers(0, 900),
    caps=st.lists(st.integers(0, 400), max_size=2),
    is_counting_first=st.booleans(),
)
@settings(max_examples=40)
def test_a_budget_that_runs_out_ends_all_payment_in_both(
    found: list[Act], limit: int, caps: list[int], *, is_counting_first: bool
) -> None:
    parts: dict[str, Any] = {
        "caps": [cap(f"c{at}", max=value, period="all") for at, value in enumerate(caps)]
    }
    if is_counting_first:
        parts["compat"] = {"source": "test", "count_before_trimming": True}
    tree = small_tree(**parts)
    tree["budgets"][0]["max_units"] = limit

    _same(rulebook_of(tree), table_of(found))


def test_a_budget_that_refuses_its_remainder_still_pays_what_fits_exactly() -> None:
    tree = small_tree()
    tree["budgets"][0] |= {"max_units": 200, "when_exhausted": "refuse"}

    outcome = _same(rulebook_of(tree), table_of([make_act() for _ in range(3)]))

    assert isinstance(outcome, Outcomes)
    assert outcome.paid_units.tolist() == [100, 100, 0]
