from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.radar.rules import DELAY, Facts, Flow, Level, Sale, assess

NOW = datetime(2026, 11, 26, 18, tzinfo=UTC)
OWNER = "owner"


def sale(payer: str, units: int, *, minutes_ago: int = 0, refunded: int = 0) -> Sale:
    return Sale(payer, units, NOW - timedelta(minutes=minutes_ago), refunded)


def everyday(count: int = 40) -> list[Sale]:
    """Many people who pay a little, an hour apart."""
    return [sale(f"person-{n}", 400, minutes_ago=60 * n) for n in range(count)]


def found(*sales: Sale, flows: tuple[Flow, ...] = ()) -> dict[str, Level]:
    facts = Facts(sales, frozenset({OWNER}), flows)
    return {s.code: s.level for s in assess(facts, NOW).suspicions}


def test_everyday_trade_passes() -> None:
    assert found(*everyday()) == {}


def test_a_quiet_shop_with_one_faithful_customer_is_left_alone() -> None:
    visits = [sale("regular", 1_000, minutes_ago=1_440 * n) for n in range(4)]

    assert found(*visits) == {}
    assert found() == {}


@pytest.mark.parametrize(("units", "expected"), [(4_999, {}), (5_000, {"own_pocket": Level.STOP})])
def test_who_runs_the_till_does_not_pay_at_it(units: int, expected: dict[str, Level]) -> None:
    assert found(*everyday(), sale(OWNER, units)) == expected


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (15_999, {}),  # just below half of the takings
        (16_000, {"concentration": Level.WATCH}),
        (63_999, {"concentration": Level.WATCH}),
        (64_000, {"concentration": Level.STOP}),
    ],
)
def test_half_of_the_takings_from_one_person_is_watched(
    units: int, expected: dict[str, Level]
) -> None:
    # Everyday trade brings 16,000 units; five visits, a day apart.
    part, rest = divmod(units, 5)
    visits = [sale("one", part + (rest if n == 0 else 0), minutes_ago=1_440 * n) for n in range(5)]

    assert found(*everyday(), *visits) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"), [((0, 3, 6, 10), {"velocity": Level.WATCH}), ((0, 3, 6, 11), {})]
)
def test_four_payments_within_ten_minutes_are_watched(
    minutes: tuple[int, ...], expected: dict[str, Level]
) -> None:
    visits = [sale("hasty", 500, minutes_ago=ago) for ago in minutes]

    assert found(*everyday(), *visits) == expected


@pytest.mark.parametrize(("back", "expected"), [(4_999, {}), (5_000, {"round_trip": Level.STOP})])
def test_points_that_go_in_a_circle_stop(back: int, expected: dict[str, Level]) -> None:
    assert found(*everyday(), flows=(Flow("other", 10_000, back),)) == expected


@pytest.mark.parametrize(
    ("refunded", "expected"), [(5_999, {}), (6_000, {"refund_abuse": Level.WATCH})]
)
def test_many_refunds_are_watched(refunded: int, expected: dict[str, Level]) -> None:
    # 20,000 units sold; five refunds of them.
    part, rest = divmod(refunded, 5)
    visits = [sale(f"r{n}", 800, minutes_ago=90 * n, refunded=0) for n in range(5)] + [
        sale(f"x{n}", 3_200, minutes_ago=77 * n, refunded=part + (rest if n == 0 else 0))
        for n in range(5)
    ]

    assert found(*visits) == expected


def test_a_watched_payout_leaves_by_itself_and_a_stopped_one_waits_for_a_person() -> None:
    hasty = [sale("hasty", 500, minutes_ago=n) for n in range(5)]
    watched = assess(Facts((*everyday(), *hasty), frozenset({OWNER})), NOW)
    stopped = assess(Facts((*everyday(), sale(OWNER, 9_000)), frozenset({OWNER})), NOW)

    assert watched.until == NOW + DELAY
    assert stopped.is_held
    assert stopped.until is None


@given(
    st.lists(
        st.builds(
            Sale,
            st.sampled_from(["a", "b", "c", OWNER]),
            st.integers(1, 10**6),
            st.datetimes(timezones=st.just(UTC)),
            st.just(0),
        ),
        max_size=30,
    )
)
def test_any_window_gets_an_answer_that_says_why(sales: list[Sale]) -> None:
    answer = assess(Facts(sales, frozenset({OWNER})), NOW)

    assert answer.is_held == bool(answer.suspicions)
    for suspicion in answer.suspicions:
        assert suspicion.facts
        assert all(number >= 0 for number in suspicion.facts.values())
    assert answer == assess(Facts(sales[::-1], frozenset({OWNER})), NOW)
