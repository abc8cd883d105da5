"""Signals of doubt: each at its bound and one beyond, and what they cannot do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.review import rules
from backend.review.rules import Doubtful, History, Limits, Seen

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
LIMITS = Limits()


def before(hours: int = 0, days: int = 0) -> datetime:
    return NOON - timedelta(hours=hours, days=days)


def codes_of(act: Doubtful, history: History) -> list[str]:
    return [signal.code for signal in rules.assess(act, history, LIMITS).signals]


def attested(**more: int) -> Doubtful:
    return Doubtful(NOON, "P2", "glass", **more)


def test_an_ordinary_act_raises_no_doubt() -> None:
    history = History([Seen(before(days=3), "P2", "glass", 4, 0)])

    assessment = rules.assess(attested(items=5), history, LIMITS)

    assert assessment.signals == ()
    assert not assessment.is_held


@pytest.mark.parametrize(("count", "expected"), [(15, []), (16, ["acts_many"])])
def test_holds_the_seventeenth_act_of_a_week(count: int, expected: list[str]) -> None:
    history = History([Seen(before(hours=index), "P2", "paper") for index in range(count)])

    assert codes_of(attested(), history) == expected


def test_forgets_acts_after_a_week() -> None:
    history = History([Seen(before(days=7), "P2", "paper")] * 40)

    assert codes_of(attested(), history) == []


@pytest.mark.parametrize(("items", "expected"), [(10, []), (11, ["items_many"])])
def test_holds_more_than_a_large_household_has(items: int, expected: list[str]) -> None:
    history = History([Seen(before(days=20), "P2", "glass", 80)])

    assert codes_of(attested(items=items), history) == expected


def test_bounds_each_material_by_itself() -> None:
    history = History([Seen(before(days=20), "P2", "paper", 170)])

    assert codes_of(attested(items=20), history) == []
    assert codes_of(Doubtful(NOON, "P2", "wood", 61), History()) == ["items_many"]
    assert codes_of(Doubtful(NOON, "P2", None, 999), History()) == []


@pytest.mark.parametrize(
    ("distance_m", "minutes", "expected"),
    [
        (13_000, 6, []),  # 130 km/h
        (13_001, 6, ["places_too_far"]),
        (1_000, 0, []),
        (1_001, 0, ["places_too_far"]),
    ],
)
def test_nobody_is_in_two_places_at_once(
    distance_m: int, minutes: int, expected: list[str]
) -> None:
    seen = Seen(NOON - timedelta(minutes=minutes), "P2", "paper", 1, distance_m)

    assert codes_of(attested(), History([seen])) == expected


def test_notices_two_places_when_the_earlier_act_arrives_later() -> None:
    seen = Seen(NOON + timedelta(minutes=1), "P2", "paper", 1, 20_000)

    assert codes_of(attested(), History([seen])) == ["places_too_far"]


@pytest.mark.parametrize(
    ("attested_units", "located_units", "expected"),
    [
        (0, 0, ["attested_acts_few"]),  # accounts are cheap: nothing is free
        (1_000, 100, []),  # 50 and 100 are 15 % of 1,000, exactly
        (1_000, 101, ["attested_acts_few"]),
        (999, 100, ["attested_acts_few"]),
    ],
)
def test_located_acts_need_attested_ones(
    attested_units: int, located_units: int, expected: list[str]
) -> None:
    seen = [
        Seen(before(days=2), "P2", "paper", units=attested_units),
        Seen(before(days=1), "P1", "paper", units=located_units),
        Seen(before(days=30), "P1", "paper", units=100_000),
        Seen(before(days=90), "P2", "paper", units=100_000),
    ]

    assert codes_of(Doubtful(NOON, "P1", "glass", units=50), History(seen)) == expected


def test_the_mean_of_a_season_bears_located_acts_of_a_poor_month() -> None:
    past = [Seen(before(days=60), "P2", "paper", units=3_000)]

    assert codes_of(Doubtful(NOON, "P1", "glass", units=150), History(past)) == []
    assert codes_of(Doubtful(NOON, "P1", "glass", units=151), History(past)) == [
        "attested_acts_few"
    ]


@pytest.mark.parametrize(
    ("codes", "waits"),
    [
        (["attested_acts_few"], True),
        (["sticker_located", "attested_acts_few", "phone_shared"], True),
        (["attested_acts_few", "phone_shared", "station_crowded"], False),
        (["attested_acts_few", "acts_many"], False),
        (["phone_shared"], False),
    ],
)
def test_waits_for_later_acts_unless_the_rest_would_hold_by_itself(
    codes: list[str], waits: bool
) -> None:
    assert rules.only_waits(codes) is waits


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (History(phone_accounts=5), []),
        (History(phone_accounts=6), ["phone_shared"]),
        (History(companions=3), []),
        (History(companions=4), ["always_together"]),
        (History(device_is_in_doubt=True), ["device_in_doubt"]),
        (History(station_located_today=400), []),
        (History(used_codes=5), []),
        (History(used_codes=6), ["codes_of_others"]),
        (History(slot_seq=5, slot_capacity=6), []),
        (History(slot_seq=6, slot_capacity=6), ["slot_overfull"]),
        (History(slot_seq=6), []),
        (History(open_mass_g=2_000, usual_mass_g=1_000), []),
        (History(open_mass_g=2_001, usual_mass_g=1_000), ["station_overfull"]),
        (History(open_mass_g=2_001), []),
        (History(open_mass_g=2_300, usual_mass_g=1_000, usual_act_g=100), []),
        (History(open_mass_g=2_301, usual_mass_g=1_000, usual_act_g=100), ["station_overfull"]),
    ],
)
def test_looks_at_phone_company_and_device(history: History, expected: list[str]) -> None:
    assert codes_of(attested(), history) == expected


def test_holds_located_acts_at_a_crowded_station() -> None:
    anchor = [Seen(before(days=1), "P2", "paper", units=900)]
    act = Doubtful(NOON, "P1", "glass")

    assert codes_of(act, History(anchor, station_located_today=39)) == []
    assert codes_of(act, History(anchor, station_located_today=40)) == ["station_crowded"]


def test_what_families_show_too_holds_beside_a_second_signal_only() -> None:
    alone = rules.assess(attested(), History(phone_accounts=6), LIMITS)
    two = rules.assess(attested(), History(phone_accounts=6, companions=9), LIMITS)
    hard = rules.assess(attested(), History(device_is_in_doubt=True), LIMITS)

    assert [alone.is_held, two.is_held, hard.is_held] == [False, True, True]


@given(
    st.lists(
        st.builds(
            Seen,
            at=st.integers(0, 40).map(lambda d: NOON - timedelta(days=d)),
            level=st.sampled_from(["P1", "P2", "P3"]),
            material=st.sampled_from(["glass", "paper", None]),
            items=st.integers(0, 30),
            distance_m=st.none() | st.integers(0, 50_000),
        ),
        max_size=20,
    )
)
def test_one_more_attested_act_in_the_past_never_lowers_other_doubt(seen: list[Seen]) -> None:
    more = [*seen, Seen(before(days=1), "P2", "glass", 3, 0)]
    without = set(codes_of(attested(), History(seen)))
    with_it = set(codes_of(attested(), History(more)))

    assert without <= with_it
