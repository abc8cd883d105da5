"""The engine on small editions and on the shipped ones: amounts, caps, tranches, moves."""

import re
from datetime import UTC, datetime

import pytest

from backend.rulebook import engine
from backend.rulebook.engine import Act, ActIncompleteError, Line, Place, Tranche
from tests.unit.rulebook.books import (
    SATURDAY_NOON,
    amp,
    book,
    cap,
    fixed,
    make_act,
    pay,
    small_rule,
)

MARSEILLE = Place({"commune": "13055"})
AIX = Place({"commune": "13001"})


def tariff(*parts: dict[str, object], **more: object) -> dict[str, object]:
    return {"variants": [{"tiers": [{"pay": list(parts)}]}]} | more


# --- shipped editions ---------------------------------------------------------------------------


def test_glass_pays_per_item_in_the_first_edition() -> None:
    result = engine.evaluate(make_act(count=3, place=AIX), amp(1), {})

    assert (result.amount_units, result.outcome, result.rule_id) == (600, "paid", "glass")
    assert result.tranches == (Tranche(0, engine.TokenUnits(600), "at_once"),)


def test_glass_pays_more_in_the_second_edition() -> None:
    assert engine.evaluate(make_act(count=3, place=AIX), amp(2), {}).amount_units == 900


def test_sticker_deposit_is_low_and_held_48_hours() -> None:
    result = engine.evaluate(make_act(proof_level="P1", count=3), amp(), {})

    assert result.tranches == (Tranche(0, engine.TokenUnits(50), "after_seconds", seconds=172_800),)


def test_declared_act_earns_nothing_and_says_so() -> None:
    result = engine.evaluate(make_act(proof_level="P0"), amp(), {})

    assert (result.amount_units, result.outcome, result.moves) == (0, "refused", ())
    assert [line.code for line in result.lines] == ["edition", "declared_only", "total"]


def test_marseille_adds_ten_percent_at_the_weekend_only() -> None:
    weekend = engine.evaluate(make_act(place=MARSEILLE), amp(), {})
    monday = engine.evaluate(
        make_act(place=MARSEILLE, occurred_at=datetime(2026, 11, 30, 12, tzinfo=UTC)), amp(), {}
    )

    assert (weekend.amount_units, monday.amount_units) == (220, 200)


def test_organic_waste_is_split_between_now_and_the_mass_balance() -> None:
    act = make_act(material="organic", mass_g=1239, count=None)

    result = engine.evaluate(act, amp(), {})

    assert result.tranches == (
        Tranche(0, engine.TokenUnits(87), "at_once"),
        Tranche(1, engine.TokenUnits(36), "on_mass_balance_or_after_days", days=35),
    )


def test_unused_daily_cap_pays_in_full_and_the_next_deposit_is_trimmed() -> None:
    counters: dict[str, int] = {}
    rulebook = amp()

    paid = [pay(make_act(count=7, place=AIX), rulebook, counters) for _ in range(3)]

    assert paid == [1400, 1400, 200]


def test_carpool_pays_a_fixed_part_and_kilometres_beyond_fifteen() -> None:
    trip = Act(
        kind="mobility",
        mode="carpool",
        occurred_at=SATURDAY_NOON,
        distance_m=21_500,
        operator_class="C",
        person_ref="alice",
    )

    assert engine.evaluate(trip, amp(), {}).amount_units == 165


# --- counter keys -------------------------------------------------------------------------------


def test_counter_keys_come_in_lock_order() -> None:
    keys = engine.counter_keys(make_act(place=MARSEILLE, station_ref="s1"), amp())

    assert keys == (
        "1|person|alice|amp|deposit-points-day|2026-11-28",
        "1|person|alice|amp|deposits-day|2026-11-28",
        "3|commune|13055|amp|marseille|2026",
        "4|metropolis|-|amp|metropolis|2026",
    )


def test_counter_keys_cover_every_move() -> None:
    act = make_act(place=MARSEILLE)

    moved = {move.key for move in engine.evaluate(act, amp(), {}).moves}

    assert moved <= set(engine.counter_keys(act, amp()))


@pytest.mark.parametrize("act", [make_act(proof_level="P0"), make_act(count=0)])
def test_an_act_that_earns_nothing_locks_nothing(act: Act) -> None:
    assert engine.counter_keys(act, amp()) == ()
    assert engine.evaluate(act, amp(), {}).moves == ()


def test_editions_of_a_series_share_counters() -> None:
    act = make_act(place=AIX)

    assert engine.counter_keys(act, amp(1)) == engine.counter_keys(act, amp(2))


@pytest.mark.parametrize(
    ("period", "name"),
    [("day", "2026-01-01"), ("week", "2026-W01"), ("month", "2026-01"), ("year", "2026")],
)
def test_periods_follow_the_local_calendar(period: str, name: str) -> None:
    new_year_in_paris = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)

    keys = engine.counter_keys(
        make_act(occurred_at=new_year_in_paris), book(caps=[cap(period=period)])
    )

    assert keys[0] == f"1|person|alice|small|day|{name}"


# --- caps and budgets ---------------------------------------------------------------------------


def test_counters_move_by_what_is_paid_when_a_later_cap_trims() -> None:
    rulebook = book(
        caps=[cap("year", order=1, period="year", max=1000), cap("month", order=2, max=130)]
    )
    counters: dict[str, int] = {}

    paid = [pay(make_act(), rulebook, counters) for _ in range(3)]

    assert paid == [100, 30, 0]
    assert counters["1|person|alice|small|year|2026"] == 130


def test_acts_cap_refuses_and_moves_nothing_else() -> None:
    rulebook = book(caps=[cap("acts", counter="acts", max=1), cap("points", order=2, max=900)])
    counters: dict[str, int] = {}

    paid = [pay(make_act(), rulebook, counters) for _ in range(2)]

    assert paid == [100, 0]
    assert counters["1|person|alice|small|points|2026-11-28"] == 100


def test_quantity_that_would_pass_its_cap_is_not_paid() -> None:
    rulebook = book(caps=[cap("items", counter="items", max=5)])
    counters: dict[str, int] = {}

    paid = [pay(make_act(count=count), rulebook, counters) for count in (3, 3, 2)]

    assert paid == [100, 0, 100]


@pytest.mark.parametrize(("when_exhausted", "last"), [("pay_remainder", 50), ("refuse", 0)])
def test_budget_is_never_exceeded(when_exhausted: str, last: int) -> None:
    budget = {
        "id": "metropolis",
        "owner": "metropolis",
        "title": {"fr": "M", "en": "M"},
        "period": "all",
        "max_units": 250,
        "when_exhausted": when_exhausted,
    }
    counters: dict[str, int] = {}
    rulebook = book(budgets=[budget])

    paid = [pay(make_act(person_ref=str(n)), rulebook, counters) for n in range(4)]

    assert paid == [100, 100, last, 0]


def test_top_ups_stop_at_the_stacking_ceiling_and_their_own_budget() -> None:
    extra = small_rule(
        id="extra", tops_up=["glass"], section="13055", budget="marseille", tariff=tariff(fixed(80))
    )
    title = {"fr": "M", "en": "M"}
    budgets: list[dict[str, object]] = [
        {"id": "metropolis", "owner": "metropolis", "max_units": 9999},
        {"id": "marseille", "owner": "13055", "max_units": 70},
    ]
    budgets = [budget | {"title": title, "period": "all"} for budget in budgets]
    rulebook = book(
        rules=[small_rule(), extra], budgets=budgets, stacking={"max_percent_of_base": 50}
    )
    counters: dict[str, int] = {}

    paid = [pay(make_act(), rulebook, counters) for _ in range(3)]

    assert paid == [150, 120, 100]
    assert counters["3|commune|13055|small|marseille|"] == 70


def test_top_up_counts_no_second_act() -> None:
    extra = small_rule(id="extra", tops_up=["glass"], tariff=tariff(fixed(10)))
    rulebook = book(
        rules=[small_rule(), extra],
        caps=[cap(counter="acts", max=2)],
        stacking={"max_percent_of_base": 50},
    )
    counters: dict[str, int] = {}

    assert [pay(make_act(), rulebook, counters) for _ in range(3)] == [110, 110, 0]


# --- tariffs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rounding", "paid"), [("down", 12), ("half_up", 13), ("up", 13)])
def test_one_named_rounding(rounding: str, paid: int) -> None:
    rule = small_rule(tariff=tariff(fixed("12.5"), rounding=rounding))

    assert engine.evaluate(make_act(), book(rules=[rule]), {}).amount_units == paid


def test_rounding_happens_once_after_the_parts_are_added() -> None:
    rule = small_rule(tariff=tariff(fixed("0.4"), fixed("0.4"), fixed("0.4")))

    assert engine.evaluate(make_act(), book(rules=[rule]), {}).amount_units == 1


def test_multiplications_lose_nothing_before_the_one_rounding() -> None:
    half = {"type": "multiply", "factor": "0.5"}
    rule = small_rule(tariff=tariff(fixed(3), adjustments=[half, half], rounding="up"))

    assert engine.evaluate(make_act(), book(rules=[rule]), {}).amount_units == 1


def test_thirds_are_exact() -> None:
    rule = small_rule(
        tariff=tariff(
            {"type": "per_km", "units_per_km": "0.001", "per": "act"},
            adjustments=[{"type": "multiply", "factor": "1000000"}],
        )
    )

    assert engine.evaluate(make_act(distance_m=7), book(rules=[rule]), {}).amount_units == 7


@pytest.mark.parametrize(
    ("distance_m", "summed", "single"),
    [(0, 10, 10), (999, 10, 10), (1000, 30, 20), (2500, 60, 30)],
)
def test_tiers_are_added_or_chosen(distance_m: int, summed: int, single: int) -> None:
    tiers = [
        {"from": 0, "below": 1000, "pay": [fixed(10)]},
        {"from": 1000, "below": 2000, "pay": [fixed(20)]},
        {"from": 2000, "pay": [fixed(30)]},
    ]
    found = []
    for mode in ("sum_of_reached_tiers", "single_tier"):
        rule = small_rule(
            tariff={"mode": mode, "measure": "distance_m", "variants": [{"tiers": tiers}]}
        )
        act = make_act(distance_m=distance_m)
        found.append(engine.evaluate(act, book(rules=[rule]), {}).amount_units)

    assert found == [summed, single]


def test_adjustments_apply_in_order() -> None:
    rule = small_rule(
        tariff=tariff(
            fixed(100),
            adjustments=[
                {"type": "limit", "at_most": 80},
                {"type": "multiply", "factor": "1.5"},
                {"type": "raise_to", "fact": "driver_revenue_units"},
            ],
        )
    )
    rulebook = book(rules=[rule])

    assert engine.evaluate(make_act(), rulebook, {}).amount_units == 120
    act = make_act(driver_revenue_units=500)
    assert engine.evaluate(act, rulebook, {}).amount_units == 500


def test_no_act_pays_more_than_the_maximum_per_act() -> None:
    rule = small_rule(tariff=tariff(fixed(200, "item")), max_units_per_act=900)

    assert engine.evaluate(make_act(count=9), book(rules=[rule]), {}).amount_units == 900


def test_a_falling_formula_stops_at_zero() -> None:
    formula = {
        "op": "difference",
        "args": [{"op": "number", "number": 10}, {"op": "fact", "fact": "count"}],
    }
    rule = small_rule(tariff={"mode": "formula", "formula": formula})

    assert engine.evaluate(make_act(count=50), book(rules=[rule]), {}).amount_units == 0


# --- facts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["count", "person_ref"])
def test_a_needed_fact_that_is_missing_is_an_error_and_never_zero(missing: str) -> None:
    with pytest.raises(ActIncompleteError) as caught:
        engine.evaluate(make_act(**{missing: None}), amp(), {})

    assert caught.value.facts["fact"] == missing


def test_a_missing_fact_that_no_rule_reads_changes_nothing() -> None:
    assert engine.evaluate(make_act(distance_m=None), amp(), {}).amount_units == 200


@pytest.mark.parametrize(
    ("at", "amount"),
    [
        (datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC), 0),
        (datetime(2025, 12, 31, 23, 0, 0, tzinfo=UTC), 200),
        (datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC), 200),
        (datetime(2027, 12, 31, 23, 0, 0, tzinfo=UTC), 0),
    ],
)
def test_validity_begins_inclusive_and_ends_exclusive(at: datetime, amount: int) -> None:
    assert engine.evaluate(make_act(occurred_at=at), amp(), {}).amount_units == amount


def test_lines_are_left_out_on_request_and_nothing_else_changes() -> None:
    act = make_act(place=MARSEILLE)
    full = engine.evaluate(act, amp(), {})
    bare = engine.evaluate(act, amp(), {}, with_lines=False)

    assert bare == full._replace(lines=())
    assert full.lines[-1] == Line("total", {"units": 220})


def test_keys_of_a_top_up_are_locked_with_those_of_its_base() -> None:
    marseille = Place(codes={"commune": "13055"})

    keys = engine.counter_keys(make_act(place=marseille), amp())

    assert [key for key in keys if key.endswith("|marseille|2026")] != []
    assert list(keys) == sorted(keys)


def test_a_week_begins_on_monday_by_iso() -> None:
    rulebook = book(caps=[cap(period="week")])

    (key, _) = engine.counter_keys(make_act(), rulebook)

    assert key.endswith("|2026-W48")


def test_a_cap_per_commune_needs_to_know_the_commune() -> None:
    rulebook = book(caps=[cap(target="commune")])

    with pytest.raises(ActIncompleteError, match=re.escape("place.codes.commune")):
        engine.evaluate(make_act(), rulebook, {})


def test_a_replayed_rule_may_take_any_act_of_its_kind_and_says_what_was_trimmed() -> None:
    compat = {"source": "elsewhere", "count_before_trimming": True}
    acts = {"kind": "recycling"}
    rulebook = book(compat=compat, rules=[small_rule(acts=acts)], caps=[cap(max=30)])

    result = engine.evaluate(make_act(material="anything"), rulebook, {})

    assert result.amount_units == 30
    assert "cap_trimmed" in [line.code for line in result.lines]


def test_a_replayed_cap_that_is_used_up_refuses_in_words() -> None:
    compat = {"source": "elsewhere", "count_before_trimming": True}
    rulebook = book(compat=compat, caps=[cap(max=30)])
    counters: dict[str, int] = {}
    pay(make_act(), rulebook, counters)

    result = engine.evaluate(make_act(), rulebook, counters)

    assert (result.amount_units, result.moves) == (0, ())
    assert "cap_refused" in [line.code for line in result.lines]


def test_a_cap_on_seats_needs_to_know_the_seats() -> None:
    rulebook = book(caps=[cap(counter="seats")])

    with pytest.raises(ActIncompleteError, match="seats"):
        engine.evaluate(make_act(seats=0), rulebook, {})


def test_only_counters_of_units_can_give_a_part_back() -> None:
    rulebook = book(caps=[cap(), cap("acts-day", counter="acts")])

    keys = engine.counter_keys(make_act(), rulebook)

    assert engine.amount_keys(make_act(), rulebook) == {k for k in keys if "acts-day" not in k}
