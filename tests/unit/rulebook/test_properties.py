"""What must hold for any rulebook and any acts (I-6 and the language's own promises)."""

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.rulebook import engine
from backend.rulebook.engine import Act, ActIncompleteError, Rulebook
from backend.rulebook.split import is_split_safe
from tests.unit.rulebook.books import book, make_act, pay, small_rule
from tests.unit.rulebook.strategies import act_lists, acts, rulebook_of, trees

Tree = dict[str, Any]


def _limits(tree: Tree) -> dict[str, int]:
    """Lowest limit per counter name, budgets included."""
    found = {item["id"]: item["max_units"] for item in tree["budgets"]}
    for item in tree["caps"]:
        found[item["id"]] = min(item["max"], found.get(item["id"], item["max"]))
    return found


def _pay_all(rulebook: Rulebook, found: list[Act], counters: dict[str, int]) -> list[int]:
    paid = []
    for act in found:
        try:
            paid.append(pay(act, rulebook, counters))
        except ActIncompleteError:
            paid.append(0)
    return paid


@given(tree=trees(is_exact=True, always_pays=True), found=act_lists)
@settings(max_examples=40)
def test_no_counter_passes_its_limit_and_the_budget_is_what_was_paid(
    tree: Tree, found: list[Act]
) -> None:
    counters: dict[str, int] = {}

    paid = _pay_all(rulebook_of(tree), found, counters)

    limits = _limits(tree)
    assert [
        (key, value)
        for key, value in counters.items()
        if not 0 <= value <= limits[key.split("|")[-2]]
    ] == []
    assert all(amount >= 0 for amount in paid)
    spent = sum(value for key, value in counters.items() if "|small|metropolis|" in key)
    assert spent == sum(paid)


@given(tree=trees(is_exact=True, always_pays=True), act=acts)
@settings(max_examples=25)
def test_tranches_add_up_and_keys_cover_moves(tree: Tree, act: Act) -> None:
    rulebook = rulebook_of(tree)
    try:
        result = engine.evaluate(act, rulebook, {})
        keys = engine.counter_keys(act, rulebook)
    except ActIncompleteError:
        return

    assert sum(part.units for part in result.tranches) == result.amount_units
    assert list(keys) == sorted(set(keys))
    assert {move.key for move in result.moves} <= set(keys)


@given(tree=trees(), act=acts)
@settings(max_examples=10)
def test_evaluation_is_a_function_of_its_arguments(tree: Tree, act: Act) -> None:
    rulebook = rulebook_of(tree)
    try:
        first = engine.evaluate(act, rulebook, {})
    except ActIncompleteError:
        return

    assert engine.evaluate(act, rulebook_of(tree), {}) == first


@given(tree=trees(), act=acts, order=st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_order_in_which_requirements_and_caps_are_written_does_not_matter(
    tree: Tree, act: Act, order: Any
) -> None:
    for position, item in enumerate(tree["caps"]):
        item["order"] = position
    found = []
    try:
        for _ in range(2):
            found.append(engine.evaluate(act, rulebook_of(tree), {}, with_lines=False))
            tree["caps"] = order.sample(tree["caps"], len(tree["caps"]))
            for rule in tree["rules"]:
                order.shuffle(rule["require"])
    except ActIncompleteError:
        return

    assert found[0] == found[1]


linear = st.lists(
    st.one_of(
        st.builds(
            lambda units, per: {"type": "fixed", "units": units, "per": per},
            st.sampled_from([1, 7, "12.5", "0.3"]),
            st.sampled_from(["item", "kg"]),
        ),
        st.just({"type": "per_km", "units_per_km": "33.3"}),
    ),
    min_size=1,
    max_size=3,
)


@given(
    parts=linear,
    counts=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    metres=st.lists(st.integers(0, 9999), min_size=4, max_size=4),
)
@settings(max_examples=60)
def test_splitting_an_act_never_pays_more_under_a_split_safe_tariff(
    parts: list[Tree], counts: list[int], metres: list[int]
) -> None:
    rulebook = book(rules=[small_rule(tariff={"variants": [{"tiers": [{"pay": parts}]}]})])
    assert is_split_safe(rulebook.edition.rules[0])
    pieces = [
        make_act(count=count, mass_g=count * 130, distance_m=distance)
        for count, distance in zip(counts, metres, strict=False)
    ]
    whole = make_act(
        count=sum(counts),
        mass_g=sum(counts) * 130,
        distance_m=sum(piece.distance_m or 0 for piece in pieces),
    )

    paid = sum(engine.evaluate(piece, rulebook, {}).amount_units for piece in pieces)

    assert paid <= engine.evaluate(whole, rulebook, {}).amount_units


def test_a_tariff_that_pays_more_when_split_is_not_called_safe() -> None:
    rules = {
        "per act": {"variants": [{"tiers": [{"pay": [_fixed("act")]}]}]},
        "rounds up": {"rounding": "up", "variants": [{"tiers": [{"pay": [_fixed("item")]}]}]},
        "falls": {
            "measure": "distance_m",
            "variants": [
                {"tiers": [{"pay": [{"type": "per_km", "units_per_km": 1, "to_m": 500}]}]}
            ],
        },
        "raised": {
            "variants": [{"tiers": [{"pay": [_fixed("item")]}]}],
            "adjustments": [{"type": "limit", "at_least": 50}],
        },
    }

    safe = [
        name
        for name, tariff in rules.items()
        if is_split_safe(book(rules=[small_rule(tariff=tariff)]).edition.rules[0])
    ]

    assert safe == []


def _fixed(per: str) -> Tree:
    return {"type": "fixed", "units": 10, "per": per}


@given(found=st.lists(acts, min_size=2, max_size=5))
@settings(max_examples=30)
def test_total_under_a_cap_is_the_same_in_any_order(found: list[Act]) -> None:
    """With equal amounts and one cap, who comes first changes who is paid, never how much."""
    same = [replace(act, occurred_at=found[0].occurred_at, person_ref="a") for act in found]
    rulebook = book(
        caps=[{"id": "day", "order": 1, "target": "person", "counter": "amount",
               "period": "day", "max": 230}]
    )  # fmt: skip

    totals = {
        sum(_pay_all(rulebook, list(order), {})) for order in itertools.permutations(same[:4])
    }

    assert len(totals) == 1


@given(distances=st.lists(st.integers(0, 40_000), min_size=2, max_size=6))
@settings(max_examples=30)
def test_carpool_reward_never_falls_with_distance(distances: list[int]) -> None:
    tiers = [
        {"from": 2000, "pay": [{"type": "fixed", "units": 100, "per": "act"}]},
        {
            "from": 15_000,
            "pay": [{"type": "per_km", "units_per_km": 10, "from_m": 15_000, "to_m": 30_000}],
        },
    ]
    rulebook = book(
        rules=[small_rule(tariff={"measure": "distance_m", "variants": [{"tiers": tiers}]})]
    )

    paid = [
        engine.evaluate(make_act(distance_m=metres), rulebook, {}).amount_units
        for metres in sorted(distances)
    ]

    assert paid == sorted(paid)
