from typing import Any

import numpy as np

from backend.mobility.pipeline.cleaning import clean
from backend.mobility.trace import make_trace

T0 = 1_700_000_000.0
NORTH_5_M = 5 / 111_195


def ride(count: int = 60) -> list[list[Any]]:
    return [[T0 + i, 43.3 + i * NORTH_5_M, 5.37, 8, None, None] for i in range(count)]


def test_drops_points_at_the_accuracy_limit_and_keeps_those_just_under() -> None:
    points = ride()
    points[10][3] = 200
    points[11][3] = 199.9
    points[12][3] = None

    cleaned = clean(make_trace("a", points))

    assert cleaned.inaccurate == 1
    assert T0 + 10 not in cleaned.trace.t
    assert {T0 + 11, T0 + 12} <= set(cleaned.trace.t)


def test_puts_disordered_points_in_order_and_counts_them() -> None:
    points = ride()
    points[20], points[21] = points[21], points[20]

    cleaned = clean(make_trace("a", points))

    assert cleaned.disordered == 1
    assert (np.diff(cleaned.trace.t) > 0).all()
    assert len(cleaned.trace) == 60


def test_keeps_the_most_accurate_of_points_at_one_instant() -> None:
    points = ride()
    points.insert(6, [points[5][0], points[5][1], 5.371, 50, None, None])

    cleaned = clean(make_trace("a", points))

    assert cleaned.duplicates == 1
    assert cleaned.trace.accuracy_m[5] == 8


def test_drops_a_jump_out_and_back_but_not_a_fast_vehicle() -> None:
    points = ride()
    points[30][2] += 0.005
    train = [[T0 + i, 43.3 + i * 16 * NORTH_5_M, 5.37] for i in range(60)]

    assert clean(make_trace("jump", points)).outliers == 1
    assert clean(make_trace("train", train)).outliers == 0


def test_is_idempotent_on_its_own_output() -> None:
    points = ride()
    points[30][2] += 0.005
    once = clean(make_trace("a", points)).trace

    twice = clean(once).trace

    assert np.array_equal(once.t, twice.t)
    assert np.array_equal(once.lon, twice.lon)
