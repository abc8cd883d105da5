"""What waits for the verdict is the trace itself; what is kept afterwards tells no address."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.mobility.fraud.fingerprint import fingerprint, is_same_movement
from backend.mobility.geometry import haversine_m
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.storing import (
    END_CUT_M,
    cell_of,
    content_key,
    length_m,
    pack,
    read_shape,
    shape_text,
    shown_path,
    unpack,
)
from backend.mobility.trace import make_trace
from backend.mobility.verify import verify
from tests.unit.mobility.support import BIKE, BIKE_OTHER_DAY, line, real

FIX = st.tuples(
    st.floats(1_700_000_000, 1_700_100_000),
    st.floats(-89, 89),
    st.floats(-89, 89),
    st.none() | st.floats(0, 1_000),
    st.none() | st.floats(0, 300),
    st.none() | st.floats(-400, 9_000),
)


@given(st.lists(FIX, min_size=5, max_size=20))
def test_a_trace_survives_being_packed_to_a_decimetre(
    fixes: list[tuple[float | None, ...]],
) -> None:
    trace = make_trace("t", [list(fix) for fix in fixes])

    back = unpack("t", pack(trace))

    np.testing.assert_allclose(back.t, trace.t, atol=0.0006)
    np.testing.assert_allclose(back.lat, trace.lat, atol=6e-7)
    np.testing.assert_allclose(back.speed_mps, trace.speed_mps, atol=0.006)
    np.testing.assert_allclose(back.accuracy_m, trace.accuracy_m, atol=0.06)
    assert content_key(back) == content_key(unpack("t", pack(back)))


def test_the_verdict_on_a_packed_trace_is_the_same() -> None:
    trace = real(BIKE)

    assert (
        verify(unpack(trace.id, pack(trace))).proved_distance_m == verify(trace).proved_distance_m
    )


def test_the_key_of_a_recording_does_not_depend_on_order_or_columns() -> None:
    trace = real(BIKE)
    bare = trace.take(np.argsort(-trace.t))

    assert content_key(bare) == content_key(trace)
    assert content_key(trace.take(slice(1, None))) != content_key(trace)


def test_both_ends_of_the_map_are_cut_off() -> None:
    trace = clean(real(BIKE)).trace
    ends = (trace.t[0], trace.t[-1])

    (part,) = shown_path(trace, [("bike", *ends)])

    lat, lon = np.array(part["points"]).T / 1e6
    for at in (0, -1):
        here_lat, here_lon = np.full_like(lat, trace.lat[at]), np.full_like(lon, trace.lon[at])
        assert haversine_m(lat, lon, here_lat, here_lon).min() > END_CUT_M - 15


def test_a_round_trip_does_not_show_the_front_door_when_it_passes_it_again() -> None:
    there_and_back = line(np.r_[np.full(200, 5.0), np.full(200, -5.0), np.full(200, 5.0)])

    parts = shown_path(there_and_back, [("bike", there_and_back.t[0], there_and_back.t[-1])])

    lon = np.array([place[1] for part in parts for place in part["points"]]) / 1e6
    home = there_and_back.lon[0]
    assert (np.abs(lon - home) * 81_000 > END_CUT_M - 15).all()


def test_a_walk_around_the_block_has_no_map() -> None:
    assert shown_path(line(np.full(20, 1.0)), [("walk", 0.0, 2e9)]) == []


def test_a_fingerprint_survives_its_column() -> None:
    mine, other = (fingerprint(clean(real(name)).trace) for name in (BIKE, BIKE_OTHER_DAY))

    back = read_shape(shape_text(mine))

    assert is_same_movement(back, mine)
    assert not is_same_movement(back, other)


def test_a_cell_is_a_hundredth_of_a_degree_rounded_down() -> None:
    assert (cell_of(43.2999, 5.3700), cell_of(-0.001, -0.001)) == ("4329:537", "-1:-1")


def test_the_length_is_that_of_the_way() -> None:
    assert abs(length_m(line(np.full(300, 5.0))) - 7_500) < 80
