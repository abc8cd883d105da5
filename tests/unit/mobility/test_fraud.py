from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from backend.mobility.evaluation import read_traces
from backend.mobility.fraud.fingerprint import (
    Fingerprint,
    _slide,
    fingerprint,
    is_same_movement,
)
from backend.mobility.fraud.nullifiers import Act, nullifiers, person_key, sold_twice
from backend.mobility.fraud.rings import SharedTrip, rings, role_swaps
from backend.mobility.fraud.signs import signs_of
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.trace import FloatArray, Trace
from scripts.mobility.red_team import attack, material
from scripts.mobility.spoofs import STYLES, Sources
from tests.unit.mobility.support import (
    BIKE,
    BIKE_OTHER_DAY,
    CAR,
    DATA,
    line,
    real,
    real_leg,
)

KEY = b"k" * 32


def codes(trace: Trace) -> set[str]:
    return {sign.code for sign in signs_of(clean(trace))}


def test_honest_copied_traces_but_known_ones_show_no_sign() -> None:
    signed = {one.trace.id for one in read_traces(DATA / "traces") if codes(one.trace)}

    assert signed == set()


def test_finds_a_jump_that_stays_and_not_the_false_start_of_a_phone() -> None:
    trace = real(BIKE)
    half = np.arange(len(trace)) >= len(trace) // 2
    jumped = replace(trace, lat=trace.lat + 0.1 * half)
    false_start = replace(trace, lat=trace.lat + 0.1 * (np.arange(len(trace)) == 0))

    assert "teleport" in codes(jumped)
    assert "teleport" not in codes(false_start)


def test_refuses_three_jumps_and_only_holds_one() -> None:
    trace = real(BIKE)
    quarter = np.arange(len(trace)) // (len(trace) // 4 + 1)
    leaps = replace(trace, lat=trace.lat + 0.2 * quarter)

    sign = next(one for one in signs_of(clean(leaps)) if one.code == "teleport")
    assert sign.refuses


@pytest.mark.parametrize(("spread", "is_found"), [(0.0, True), (0.05, True), (0.4, False)])
def test_finds_constant_speed_below_the_spread_of_honest_traces(
    spread: float, is_found: bool
) -> None:
    rng = np.random.default_rng(2)
    speed = np.repeat(np.clip(rng.normal(5, 5 * spread, 60), 1.5, 12), 6)

    assert ("constant_speed" in codes(line(speed, jitter_m=0.3))) is is_found


def test_finds_steps_that_repeat_exactly() -> None:
    pace = np.repeat([4.0, 5.0, 7.0, 6.0, 4.5, 8.0], 40)

    assert "straight_lines" in codes(line(pace, jitter_m=0.0, step_s=1.0))


def test_finds_an_accuracy_that_never_varies_only_when_it_is_known() -> None:
    trace = real(BIKE)

    assert "flat_accuracy" in codes(replace(trace, accuracy_m=np.full(len(trace), 5.0)))
    assert "flat_accuracy" not in codes(replace(trace, accuracy_m=np.full(len(trace), np.nan)))


def test_finds_a_speed_column_that_contradicts_the_positions() -> None:
    trace = real(BIKE)
    slowed = replace(trace, t=trace.t[0] + (trace.t - trace.t[0]) * 2.0)

    assert "speed_mismatch" in codes(slowed)


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("style", ["replay", "shifted", "reversed", "noisy replay"])
def test_recognises_every_kind_of_copy(style: str, careful: bool) -> None:
    own = real_leg(BIKE, "bike")
    sources = Sources(own, own, is_careful=careful)

    forged = STYLES[style](sources, np.random.default_rng(3))

    assert is_same_movement(fingerprint(clean(forged).trace), fingerprint(own))


def test_another_day_on_the_same_way_is_another_movement() -> None:
    one, other = real_leg(BIKE, "bike"), real_leg(BIKE_OTHER_DAY, "bike")

    assert not is_same_movement(fingerprint(one), fingerprint(other))


def test_red_team_catches_nineteen_of_twenty_forgeries_of_the_copied_traces() -> None:
    report = attack(material(list(read_traces(DATA / "traces"))), count=4, seed=2)

    assert set(report) == set(STYLES)
    assert len(report) == 10
    assert sum(row["passed"] for row in report.values()) <= 2


def test_forgeries_are_traces_of_their_own_and_leave_their_source_alone() -> None:
    own, motor = real_leg(BIKE, "bike"), real_leg(CAR, "car")
    before = own.t.copy(), own.lat.copy()

    for style in STYLES.values():
        forged = style(Sources(own, motor, is_careful=True), np.random.default_rng(1))
        assert len(forged) > 20
        assert np.isfinite(forged.lat).all()

    assert np.array_equal(before[0], own.t)
    assert np.array_equal(before[1], own.lat)


def act(**changes: Any) -> Act:
    start = datetime(2026, 7, 11, 8, 10, tzinfo=UTC)
    facts: dict[str, Any] = {
        "person": person_key("+33 6 12 34 56 78", "Côté-Blanc"),
        "mode": "carpool",
        "started_at": start,
        "ended_at": start + timedelta(minutes=15),
    }
    return Act(**facts | changes)


def test_partners_find_an_act_sold_twice_although_they_time_it_differently() -> None:
    ours = nullifiers(act(), key=KEY)
    start = datetime(2026, 7, 11, 8, 28, tzinfo=UTC)
    theirs = nullifiers(act(started_at=start, ended_at=start + timedelta(minutes=9)), key=KEY)

    assert sold_twice(ours, theirs)


def test_nullifiers_differ_by_person_mode_time_and_key() -> None:
    ours = nullifiers(act(), key=KEY)
    next_day = datetime(2026, 7, 12, 8, 10, tzinfo=UTC)
    others = [
        nullifiers(act(person="other"), key=KEY),
        nullifiers(act(mode="bike"), key=KEY),
        nullifiers(act(started_at=next_day, ended_at=next_day), key=KEY),
        nullifiers(act(), key=b"z" * 32),
    ]

    assert not any(sold_twice(ours, other) for other in others)


def test_person_key_is_one_for_all_spellings() -> None:
    assert person_key("+33612345678", "COTE BLANC") == act().person


def test_refuses_short_partner_keys_and_times_without_zone() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        nullifiers(act(), key=b"short")
    with pytest.raises(ValueError, match="aware"):
        nullifiers(act(started_at=datetime(2026, 7, 11)), key=KEY)  # noqa: DTZ001


def shared(driver: str, passenger: str, day: int = 11, hour: int = 8) -> SharedTrip:
    return SharedTrip(
        driver, passenger, datetime(2026, 7, day, hour, tzinfo=UTC), date(2026, 7, day)
    )


def test_counts_days_on_which_a_pair_swaps_roles() -> None:
    trips = [shared("a", "b"), shared("b", "a", hour=17), shared("a", "b", 12), shared("b", "c")]

    assert role_swaps(trips) == {("a", "b"): 1}


def test_finds_a_ring_of_three_that_is_busy_and_leaves_a_commuting_pair_alone() -> None:
    ring = [
        shared("a", "b"),
        shared("b", "c", hour=9),
        shared("c", "a", hour=10),
        shared("a", "b", hour=11),
    ]
    commuters = [shared("x", "y", day) for day in range(1, 20)]

    found = rings([*ring, *commuters])

    assert [one.people for one in found] == [("a", "b", "c")]
    assert found[0].busiest_per_day == 3


def test_finds_no_ring_among_three_who_travel_little_and_never_swap() -> None:
    assert rings([shared("a", "b"), shared("a", "c", 12)]) == []


@pytest.mark.parametrize(("short", "length"), [(32, 32), (40, 41), (33, 500), (128, 129)])
def test_sliding_by_transform_gives_what_products_one_by_one_give(short: int, length: int) -> None:
    rng = np.random.default_rng(short)
    core, long = (rng.normal(5, 60, n) + 1j * rng.normal(0, 60, n) for n in (short, length))
    windows = np.lib.stride_tricks.sliding_window_view(long, short)

    forwards, backwards = _slide(core, long)

    assert np.allclose(forwards, np.abs(windows @ core.conj()))
    assert np.allclose(backwards, np.abs(windows @ core[::-1].conj()))


def test_a_cut_copy_is_found_in_a_long_trace_forwards_and_backwards() -> None:
    rng = np.random.default_rng(5)
    steps = rng.normal(5, 60, 2_000) + 1j * rng.normal(0, 60, 2_000)
    other = rng.normal(0, 1, 128).astype(np.complex128)
    known = Fingerprint(other, steps, steps)
    cut = steps[700:900] * 1j
    stranger = rng.normal(5, 60, 200) + 1j * rng.normal(0, 60, 200)

    for copy, is_found in ((cut, True), (cut[::-1], True), (stranger, False)):
        parts = rng.normal(0, 1, 128).astype(np.complex128)
        assert is_same_movement(Fingerprint(parts, copy, copy), known) is is_found


def test_a_pace_that_never_hurries_is_found_though_corners_slow_it() -> None:
    t = np.arange(0.0, 900.0, 2.0)
    unknown = np.full(len(t), np.nan)
    rng = np.random.default_rng(2)

    def ride(pace: FloatArray) -> Trace:
        slowed = np.where((t // 20) % 4 == 0, 0.5 * pace, pace)
        lat = 43.3 + np.cumsum(slowed * 2.0) / 111_195 + rng.normal(0, 0.3, len(t)) / 111_195
        return Trace("ride", t, lat, np.full(len(t), 5.37), unknown, unknown, unknown)

    steady = ride(np.full(len(t), 5.0))
    sprinting = ride(np.where((t // 30) % 7 == 0, 6.5, 5.0))

    assert "constant_speed" in codes(steady)
    assert "constant_speed" not in codes(sprinting)


@pytest.mark.parametrize(("slower", "is_found"), [(1.2, False), (1.6, True)])
def test_a_slowed_recording_with_rare_fixes_keeps_its_old_speeds(
    slower: float, is_found: bool
) -> None:
    t = np.arange(0.0, 1_200.0, 25.0)
    unknown = np.full(len(t), np.nan)
    speed = 5.0 + np.sin(t / 200.0)
    lat = 43.3 + np.concatenate(([0.0], np.cumsum(speed[1:] * 25.0))) / 111_195
    trace = Trace("slow", t * slower, lat, np.full(len(t), 5.37), unknown, speed, unknown)

    assert ("speed_mismatch" in codes(trace)) is is_found
