from datetime import UTC, datetime, timedelta

import pytest

from backend.mobility.witnesses import Attested, Span, agreeing_legs

NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)


def leg(
    start_s: int, end_s: int, mode: str = "bus", metres: int = 5_000, probability: float = 0.9
) -> Span:
    start, end = (NOON + timedelta(seconds=s) for s in (start_s, end_s))
    return Span(mode, probability, metres, start, end)


def ticket(mode: str = "bus", metres: int = 5_000) -> Attested:
    return Attested("t", mode, metres, NOON, NOON + timedelta(seconds=1_000))


@pytest.mark.parametrize(
    ("legs", "agreeing"),
    [
        ([leg(0, 1_000)], [0]),
        ([leg(300, 1_300)], [0]),  # seven tenths
        ([leg(301, 1_301)], []),
        ([leg(0, 1_000, "walk")], []),
        ([leg(0, 1_000, "rail")], [0]),  # bus and tram differ by their rails
        ([leg(0, 1_000, "car", probability=0.79)], [0]),
        ([leg(0, 1_000, "car", probability=0.80)], []),
        ([leg(0, 1_000, metres=10_000)], [0]),
        ([leg(0, 1_000, metres=10_001)], []),
        ([leg(0, 1_000, metres=2_500)], [0]),
        ([leg(0, 1_000, metres=2_499)], []),
        (
            [leg(-900, -100, "walk"), leg(0, 400, "bus", 2_000), leg(450, 1_000, "rail", 3_000)],
            [1, 2],
        ),
        ([], []),
    ],
)
def test_legs_agree_with_a_ticket_in_time_mode_and_distance(
    legs: list[Span], agreeing: list[int]
) -> None:
    assert agreeing_legs(legs, ticket()) == agreeing


@pytest.mark.parametrize(
    ("attested", "seen", "agrees"),
    [
        ("bike_share", "bike", True),
        ("bike_share", "bus", False),
        ("carpool", "car", True),
        ("carpool", "bus", False),
        ("metro", "rail", True),
        ("hovercraft", "bus", False),
    ],
)
def test_each_attested_mode_has_the_legs_that_it_may_look_like(
    attested: str, seen: str, agrees: bool
) -> None:
    assert bool(agreeing_legs([leg(0, 1_000, seen)], ticket(attested))) is agrees
