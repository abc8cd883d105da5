from datetime import UTC, datetime, timedelta

import pytest

from backend.trips.rules import (
    LATE_AFTER,
    Conflict,
    Earlier,
    conflicts,
    is_late,
    length_band,
    overlap_bps,
)

NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
OLD_PORT, AUBAGNE, PARIS = "4329:536", "4329:557", "4885:235"


def trip(
    start_s: int, end_s: int, start: str | None = OLD_PORT, end: str | None = OLD_PORT
) -> Earlier:
    return Earlier(NOON + timedelta(seconds=start_s), NOON + timedelta(seconds=end_s), start, end)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (trip(300, 1_300), Conflict.OVERLAP),  # 700 of 1,000 s: seven tenths
        (trip(301, 1_301), Conflict.SEVERAL_AT_ONCE),
        (trip(979, 1_979), Conflict.SEVERAL_AT_ONCE),  # 21 s
        (trip(980, 1_980), None),  # 20 s: clocks may differ by that
        (trip(-5_000, 9_000), Conflict.OVERLAP),  # contains it
        (trip(400, 500), Conflict.OVERLAP),  # inside
        (trip(1_000, 2_000), None),
    ],
)
def test_trips_at_once_conflict_by_the_share_that_they_have_in_common(
    other: Earlier, expected: Conflict | None
) -> None:
    found = conflicts(trip(0, 1_000), [other])

    assert found == ({expected: 1} if expected else {})
    assert conflicts(other, [trip(0, 1_000)]) == found, "whichever came first"


# Paris is some 660 km away, less what the rounding of both cells may add: 6,560 s at 100 m/s.
@pytest.mark.parametrize(("gap_s", "is_jump"), [(6_400, True), (6_700, False)])
def test_nobody_gets_from_one_trip_to_the_next_faster_than_a_train(
    gap_s: int, is_jump: bool
) -> None:
    later = trip(1_000 + gap_s, 9_000 + gap_s, start=PARIS, end=PARIS)

    assert conflicts(trip(0, 1_000), [later]) == ({Conflict.TELEPORT: 1} if is_jump else {})


def test_a_jump_within_the_rounding_of_cells_is_none() -> None:
    assert conflicts(trip(0, 1_000), [trip(1_000, 2_000, start="4330:537")]) == {}
    assert conflicts(trip(0, 1_000), [trip(1_001, 2_000, start=AUBAGNE)]) == {Conflict.TELEPORT: 1}
    assert conflicts(trip(0, 1_000), [trip(1_001, 2_000, start=None)]) == {}


def test_conflicts_are_counted() -> None:
    assert conflicts(trip(0, 1_000), [trip(0, 1_000), trip(10, 900), trip(900, 1_900)]) == {
        Conflict.OVERLAP: 2,
        Conflict.SEVERAL_AT_ONCE: 1,
    }


def test_trips_without_duration_or_without_common_time_share_nothing() -> None:
    assert overlap_bps(trip(0, 0), trip(-1, 1)) == 0
    assert overlap_bps(trip(0, 1), trip(1, 2)) == 0


def test_a_trip_is_late_after_48_hours() -> None:
    assert not is_late(NOON - LATE_AFTER, NOON)
    assert is_late(NOON - LATE_AFTER - timedelta(seconds=1), NOON)


def test_a_copy_is_as_long_as_its_original_within_two_percent() -> None:
    assert length_band(10_000) == (9_799, 10_201)
