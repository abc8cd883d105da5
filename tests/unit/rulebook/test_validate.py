"""Wrong editions: each is refused at the right place, with words and a valid example."""

from typing import Any

import pytest

from backend.rulebook.document import edition_from_tree
from backend.rulebook.engine import RulebookInvalidError
from backend.rulebook.validate import publication_problems
from tests.unit.rulebook.books import amp, cap, fixed, small_rule, small_tree

ALWAYS = {"type": "adult", "unknown_passes": True}


def problems(tree: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(RulebookInvalidError) as caught:
        edition_from_tree(tree)
    assert all(item["example"] for item in caught.value.errors)
    return {item["path"]: item["problem"] for item in caught.value.errors}


def with_rule(**parts: Any) -> dict[str, Any]:
    return small_tree(rules=[small_rule(**parts)])


def with_condition(condition: dict[str, Any]) -> dict[str, Any]:
    return with_rule(require=[{"id": "x", "require": condition}])


def with_tiers(*tiers: dict[str, Any], **tariff: Any) -> dict[str, Any]:
    given = {"measure": "distance_m", "variants": [{"tiers": list(tiers)}]}
    return with_rule(tariff=given | tariff)


def test_the_small_edition_is_valid() -> None:
    assert edition_from_tree(small_tree()).edition.id == "small-1"


def test_shipped_editions_may_be_published() -> None:
    assert amp(1).publication_problems() == []
    assert amp(2).publication_problems() == []
    assert (amp(1).number, amp(2).number) == (1, 2)


def test_replaying_editions_may_not_be_published() -> None:
    edition = edition_from_tree(small_tree(compat={"source": "elsewhere"}))

    assert [item.path for item in publication_problems(edition)] == [("compat",)]


def test_published_edition_needs_a_first_instant() -> None:
    edition = edition_from_tree(small_tree(validity={}))

    assert [item.path for item in publication_problems(edition)] == [("validity", "from")]


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ({"max_units_per_act": None}, "rules[0].max_units_per_act"),
        ({"budget": None}, "rules[0].budget"),
        ({"budget": "unknown"}, "rules[0].budget"),
        ({"section": "13055"}, "rules[0].budget"),
        ({"acts": {"kind": "recycling"}}, "rules[0].acts.proof_levels"),
        ({"acts": {"kind": "recycling", "proof_levels": ["P0"]}}, "rules[0].acts.proof_levels"),
        ({"tops_up": ["nothing"]}, "rules[0].tops_up"),
        (
            {"release": {"P2": [{"share_percent": 60, "release": {"type": "at_once"}}]}},
            "rules[0].release.P2",
        ),
        ({"require": [{"id": "x"}]}, "rules[0].require[0]"),
        (
            {"require": [{"id": "x", "require": ALWAYS, "exclude": ALWAYS}]},
            "rules[0].require[0]",
        ),
        (
            {"require": [{"id": "x", "require": ALWAYS}, {"id": "x", "require": ALWAYS}]},
            "rules[0].require[1].id",
        ),
    ],
)
def test_wrong_rule(parts: dict[str, Any], path: str) -> None:
    assert path in problems(with_rule(**parts))


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        ({"type": "instant"}, "rules[0].require[0].require.from"),
        (
            {"type": "date", "from": "2026-02-01", "to": "2026-01-01"},
            "rules[0].require[0].require.from",
        ),
        ({"type": "date_in"}, "rules[0].require[0].require"),
        ({"type": "date_in", "date_list": "none"}, "rules[0].require[0].require.date_list"),
        ({"type": "measure", "fact": "count"}, "rules[0].require[0].require.at_least"),
        (
            {"type": "measure", "fact": "count", "at_least": 5, "at_most": 4},
            "rules[0].require[0].require.at_least",
        ),
        (
            {"type": "measure", "fact": "count", "less_than": 5, "at_most": 4},
            "rules[0].require[0].require.at_most",
        ),
        ({"type": "place_in", "which": "start"}, "rules[0].require[0].require"),
        (
            {"type": "place_in", "which": "start", "area": "atlantis"},
            "rules[0].require[0].require.area",
        ),
        ({"type": "processed", "from": "2026-01-01"}, "rules[0].require[0].require"),
        (
            {"type": "weekday_in", "days": ["sunday"], "time_zone": "UTC"},
            "rules[0].require[0].require.time_zone",
        ),
        (
            {"type": "not", "of": {"type": "all", "of": [{"type": "instant"}]}},
            "rules[0].require[0].require.of.of[0].from",
        ),
        ({"type": "operator_in", "timeline": [{"allowed": []}, {"allowed": []}]},
         "rules[0].require[0].require"),
        ({"type": "maybe"}, "rules[0].require[0].require"),
    ],
)  # fmt: skip
def test_wrong_condition(condition: dict[str, Any], path: str) -> None:
    assert path in problems(with_condition(condition))


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        (with_tiers({"from": 5, "below": 5, "pay": []}), "tiers[0].below"),
        (with_tiers({"from": 5, "pay": []}, {"from": 4, "pay": []}), "tiers[1].from"),
        (
            with_tiers({"from": 0, "pay": []}, {"from": 4, "pay": []}, mode="single_tier"),
            "tiers[0].below",
        ),
        (with_tiers({"from": 5, "pay": []}, measure=None), "tariff.measure"),
        (with_tiers({"pay": []}, {"pay": []}, measure=None), "tiers[1]"),
        (with_tiers({"pay": [fixed(-1)]}), "pay[0].units"),
        (
            with_tiers({"pay": [{"type": "per_km", "units_per_km": -1}]}),
            "pay[0].units_per_km",
        ),
        (
            with_tiers({"pay": [{"type": "per_km", "units_per_km": 1, "from_m": 10}]}),
            "pay[0].from_m",
        ),
        (
            with_tiers({"from": 9, "pay": [{"type": "per_km", "units_per_km": 1, "from_m": 9,
                                            "to_m": 9}]}),
            "pay[0].to_m",
        ),
        (with_tiers({"pay": [{"type": "per_km", "units_per_km": 1, "max_units": -1}]}),
         "pay[0].max_units"),
        (with_tiers({"pay": [{"type": "share_of_base", "percent": 5}]}), "pay[0]"),
        (with_tiers(adjustments=[{"type": "multiply", "factor": -1}]), "adjustments[0].factor"),
        (with_tiers(adjustments=[{"type": "limit"}]), "adjustments[0].at_most"),
        (
            with_tiers(adjustments=[{"type": "limit", "at_least": 2, "at_most": 1}]),
            "adjustments[0].at_least",
        ),
        (with_tiers(mode="formula"), "tariff.formula"),
        (with_tiers(formula={"op": "number", "number": 1}), "tariff.formula"),
    ],
)  # fmt: skip
def test_wrong_tariff(tree: dict[str, Any], path: str) -> None:
    assert any(found.endswith(path) for found in problems(tree)), problems(tree)


def number(of: int) -> dict[str, Any]:
    return {"op": "number", "number": of}


@pytest.mark.parametrize(
    "formula",
    [
        {"op": "quotient", "args": [number(1), number(0)]},
        {"op": "quotient", "args": [number(1), {"op": "fact", "fact": "count"}]},
        {"op": "clamp", "args": [number(1)]},
        {"op": "sum", "args": [{"op": "negate", "args": []}]},
    ],
)
def test_wrong_formula(formula: dict[str, Any]) -> None:
    assert problems(with_rule(tariff={"mode": "formula", "formula": formula}))


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ({"caps": [cap(), cap()]}, "caps[1].id"),
        ({"caps": [cap(max=None)]}, "caps[0].max"),
        ({"caps": [cap(time_zone="UTC")]}, "caps[0].time_zone"),
        ({"caps": [cap(rules=["other"])]}, "caps[0].rules"),
        ({"caps": [cap("metropolis")]}, "caps[0].id"),
        ({"caps": [cap(), cap("b", counter_name="day", period="week")]}, "caps[1].counter_name"),
        ({"caps": [cap(), cap("b", counter_name="day", rules=["glass"])]}, "caps[0].rules"),
        ({"caps": [cap(target="planet")]}, "caps[0].target"),
        ({"validity": {"before": "2040-01-01T00:00:00Z", "until": "2040-01-01T00:00:00Z"}},
         "validity.until"),
        ({"validity": {"from": "2040-01-01T00:00:00Z", "before": "2030-01-01T00:00:00Z"}},
         "validity.from"),
        ({"validity": {"from": "2040-01-01T00:00:00"}}, "validity.from"),
        ({"areas": {"none": {}}}, "areas.none"),
        ({"areas": {"open": {"polygons": [[[[0, 0], [1, 0], [1, 1], [0, 1]]]]}}},
         "areas.open.polygons[0][0]"),
        ({"areas": {"far": {"polygons": [[[[0, 0], [999, 0], [1, 1], [0, 0]]]]}}},
         "areas.far.polygons[0][0]"),
        ({"areas": {"pole": {"circle": {"lat": 90, "lon": 0, "radius_m": 5}}}},
         "areas.pole.circle"),
        ({"rules": [small_rule(), small_rule()]}, "rules[1].id"),
        ({"rules": [small_rule(), small_rule(id="extra", tops_up=["glass"])]}, "stacking"),
        ({"schema": "calanque-rulebook/2"}, "schema"),
        ({"rules": []}, "rules"),
    ],
)  # fmt: skip
def test_wrong_edition(parts: dict[str, Any], path: str) -> None:
    assert path in problems(small_tree(**parts))


def test_budget_that_starts_again_needs_an_end() -> None:
    tree = small_tree(validity={"from": "2026-01-01T00:00:00Z"})
    tree["budgets"][0]["period"] = "year"

    assert "could pay without bound" in problems(tree)["validity.before"]


def test_budgets_together_fit_a_reward_word() -> None:
    tree = small_tree()
    tree["budgets"] = [
        tree["budgets"][0] | {"id": f"b{at}", "max_units": 2**47} for at in range(3)
    ] + tree["budgets"]

    assert "budgets" in problems(tree)


def test_codes_written_as_numbers_are_refused() -> None:
    condition = {"type": "place_in", "which": "start", "codes": {"commune": [13055]}}

    assert problems(with_condition(condition)) == {
        "rules[0].require[0].require.codes.commune[0]": "input should be a valid string"
    }
