"""The scenario lab: costs, exhaustion, who gains and who loses."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.rulebook import lab
from backend.rulebook.engine import Act, Place, evaluate
from backend.rulebook.lab import Change, Cost
from backend.rulebook.simulation.table import table_of
from tests.unit.rulebook.books import amp, book, cap, fixed, make_act, small_rule

JANUARY = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)  # already February in Marseille
MARSEILLE, AIX = Place({"commune": "13055", "qpv": "q1"}), Place({"commune": "13001"})


def acts() -> list[Act]:
    return [
        make_act(person_ref="a", place=MARSEILLE, occurred_at=JANUARY),
        make_act(person_ref="b", place=AIX, occurred_at=JANUARY + timedelta(hours=1)),
        make_act(person_ref="a", place=AIX, material="paper", occurred_at=JANUARY),
        make_act(person_ref="c", proof_level="P0", occurred_at=datetime(2026, 3, 1, tzinfo=UTC)),
    ]


def test_cost_is_grouped_by_local_month_subject_and_rule() -> None:
    _, found = lab.run(book(), table_of(acts()))

    assert found.total == Cost(4, 3, 300)
    assert found.by_month == {"2026-02": Cost(3, 3, 300), "2026-03": Cost(1, 0, 0)}
    assert found.by_subject == {"glass": Cost(3, 2, 200), "paper": Cost(1, 1, 100)}
    assert found.by_rule == {"glass": Cost(3, 3, 300), "-": Cost(1, 0, 0)}


def test_december_keeps_its_year() -> None:
    december = make_act(occurred_at=datetime(2026, 12, 15, tzinfo=UTC))

    assert list(lab.run(book(), table_of([december]))[1].by_month) == ["2026-12"]


def test_budget_tells_when_it_ran_out() -> None:
    budget = {
        "id": "metropolis",
        "owner": "metropolis",
        "title": {"fr": "M", "en": "M"},
        "period": "all",
        "max_units": 250,
    }
    found = [make_act(person_ref=str(n), occurred_at=JANUARY + timedelta(days=n)) for n in range(5)]

    _, summary = lab.run(book(budgets=[budget]), table_of(found))

    (spent,) = summary.budgets
    assert (spent.spent_units, spent.exhausted_at) == (250, JANUARY + timedelta(days=2))


def test_budget_that_lasts_has_no_date() -> None:
    _, summary = lab.run(book(), table_of(acts()))

    assert [(item.spent_units, item.exhausted_at) for item in summary.budgets] == [(300, None)]


def test_top_ups_do_not_count_in_the_budget_of_the_base() -> None:
    saturday = make_act(place=MARSEILLE)

    _, summary = lab.run(amp(), table_of([saturday]))

    assert summary.total.units == 220
    assert [item.spent_units for item in summary.budgets if item.budget == "metropolis"] == [200]


def test_comparison_counts_people_and_areas_that_gain_or_lose() -> None:
    paper_less = book(
        rules=[
            small_rule(
                tariff={
                    "variants": [
                        {
                            "when": {"type": "material_in", "materials": ["paper"]},
                            "tiers": [{"pay": [fixed(20)]}],
                        },
                        {"tiers": [{"pay": [fixed(150)]}]},
                    ]
                }
            )
        ]
    )

    found = lab.compare(book(), paper_less, table_of(acts()))

    assert (found.people_gaining, found.people_losing, found.people_same) == (1, 1, 1)
    assert found.by_level["commune"] == {
        "13001": Change(before_units=200, after_units=170, gaining=1, losing=1, people=2),
        "13055": Change(before_units=100, after_units=150, gaining=1, losing=0, people=1),
        "?": Change(before_units=0, after_units=0, gaining=0, losing=0, people=1),
    }
    assert found.by_subject["paper"] == Change(100, 20, 0, 1, 1)
    assert found.top_rows[0] == (2, -80)


def test_comparison_groups_by_any_level_such_as_priority_districts() -> None:
    found = lab.compare(amp(1), amp(2), table_of(acts()), levels=("qpv",))

    assert found.by_level["qpv"]["q1"].gaining == 1


def test_top_cases_are_explained_with_the_counters_they_met() -> None:
    rulebook = book(caps=[cap(max=250)])
    found = [make_act() for _ in range(4)]

    explained = lab.explain_rows(rulebook, table_of(found), [2])

    assert [explained[2].amount_units, list(explained)] == [50, [2]]
    assert "cap_trimmed" in [line.code for line in explained[2].lines]


@pytest.mark.parametrize("rows", [[], [0]])
def test_explaining_one_row_gives_the_engine_s_own_answer(rows: list[int]) -> None:
    act = make_act()

    explained = lab.explain_rows(book(), table_of([act]), rows)

    assert list(explained.values()) == [evaluate(act, book(), {})][: len(rows)]


def test_nothing_to_simulate_is_no_error() -> None:
    found = lab.compare(amp(1), amp(2), table_of([]))

    assert found.before.total == Cost(0, 0, 0)
    assert found.top_rows == ()
