from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.mobility.pipeline.calibration import calibrate
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.pipeline.features import FEATURE_NAMES, leg_features
from backend.mobility.pipeline.legs import distance_m, find_legs
from backend.mobility.pipeline.model import default_model, load_model, save_model
from backend.mobility.trace import FloatArray
from tests.unit.mobility.support import CAR, line, real, real_leg


def walk(seconds: int, rng: np.random.Generator) -> FloatArray:
    return np.clip(rng.normal(1.35, 0.15, seconds // 5), 0.8, 1.9)


def ride(seconds: int, rng: np.random.Generator) -> FloatArray:
    speed = np.clip(rng.normal(11, 3, seconds // 5), 3, 18)
    speed[::24] = 0.0
    return speed


def test_finds_walk_ride_walk_with_bounds_within_half_a_minute() -> None:
    rng = np.random.default_rng(1)
    trace = line(np.concatenate([walk(400, rng), ride(900, rng), walk(400, rng)]))

    legs = find_legs(clean(trace).trace, default_model())

    assert [leg.mode == "walk" for leg in legs] == [True, False, True]
    assert legs[1].start_t - trace.t[0] == pytest.approx(400, abs=30)
    assert legs[1].end_t - trace.t[0] == pytest.approx(1300, abs=30)


def drive(seconds: int, rng: np.random.Generator) -> FloatArray:
    """Change speed about every half minute, as cars do and noise does not."""
    turns = np.arange(0, seconds + 30, 30)
    return np.interp(np.arange(0, seconds, 5), turns, np.clip(rng.normal(13, 4, len(turns)), 3, 22))


def test_a_halt_of_a_minute_does_not_end_a_ride_but_a_wait_of_ten_minutes_does() -> None:
    rng = np.random.default_rng(2)
    first, second = drive(600, rng), drive(600, rng)

    short = find_legs(line(np.concatenate([first, np.zeros(12), second])), default_model())
    long = find_legs(line(np.concatenate([first, np.zeros(120), second])), default_model())

    assert len(short) == 1
    assert len(long) == 2


def test_finds_no_leg_where_nobody_moves() -> None:
    assert find_legs(line(np.zeros(200)), default_model()) == []


def test_distance_is_within_two_percent_despite_jitter() -> None:
    trace = line(np.full(240, 4.0), jitter_m=3.0)

    assert distance_m(trace) == pytest.approx(4800, rel=0.02)


def test_features_are_the_same_wherever_and_whenever_and_in_both_hemispheres() -> None:
    rng = np.random.default_rng(3)
    speeds = ride(900, rng)

    here = leg_features(line(speeds))
    there = leg_features(line(speeds, lat=-33.9, lon=151.2, start_t=1_600_000_000.0))

    assert here.shape == (len(FEATURE_NAMES),)
    assert np.allclose(here, there, rtol=0.02, atol=0.02, equal_nan=True)


def test_features_do_not_read_speed_or_accuracy_columns() -> None:
    trace = clean(real(CAR)).trace
    bare = trace.take(np.arange(len(trace)))
    bare.speed_mps[:] = np.nan
    bare.accuracy_m[:] = np.nan

    assert np.array_equal(leg_features(trace), leg_features(bare), equal_nan=True)


def test_model_gives_probabilities_that_add_up_and_names_the_car() -> None:
    shares = default_model().probabilities(leg_features(real_leg(CAR, "car")))

    assert sum(shares.values()) == pytest.approx(1.0)
    assert max(shares, key=shares.__getitem__) == "car"


def test_stored_model_is_read_back_the_same(tmp_path: Path) -> None:
    model = default_model()
    features = leg_features(real_leg(CAR, "car"))

    save_model(model, tmp_path / "m.npz")

    again = load_model(tmp_path / "m.npz")
    assert again.version == model.version
    assert again.probabilities(features) == pytest.approx(model.probabilities(features), abs=1e-3)


def test_refuses_a_model_of_other_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model(default_model(), tmp_path / "m.npz")
    monkeypatch.setattr("backend.mobility.pipeline.model.FEATURE_NAMES", ("other",))

    with pytest.raises(ValueError, match="other features"):
        load_model(tmp_path / "m.npz")


def test_calibration_sharpens_below_one_and_flattens_above() -> None:
    raw = np.array([[0.6, 0.4]])

    assert calibrate(raw, 0.5)[0, 0] > 0.6
    assert calibrate(raw, 2.0)[0, 0] < 0.6
    assert calibrate(raw, 1.0)[0, 0] == pytest.approx(0.6)


def test_networks_divide_what_vehicles_have_and_leave_walk_and_bike_alone() -> None:
    model = default_model()
    features = leg_features(real_leg(CAR, "car"))
    with_nets = model.probabilities(features)
    forest = replace(model, nets=None).probabilities(features)

    assert {mode: with_nets[mode] for mode in ("walk", "bike")} == pytest.approx(
        {mode: forest[mode] for mode in ("walk", "bike")}
    )
    assert with_nets["car"] != pytest.approx(forest["car"], abs=1e-3)


def test_networks_stay_calm_when_features_are_unknown_or_absurd() -> None:
    nets = default_model().nets
    assert nets is not None

    for value in (np.nan, 1e12, -1e12):
        shares = nets.shares(np.full(len(FEATURE_NAMES), value))
        assert shares.sum() == pytest.approx(1.0)
        assert (shares > 0).all()
