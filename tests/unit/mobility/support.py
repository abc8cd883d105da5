"""Builders of traces for the tests of this folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backend.mobility.evaluation import read_traces
from backend.mobility.parsing import parse_trace
from backend.mobility.trace import FloatArray, Trace

DATA = Path(__file__).parent / "data"
BIKE = "mn_carbike_r01_suburb_bicycling_ios-1"
BIKE_OTHER_PHONE = "mn_carbike_r01_suburb_bicycling_ios-2"
BIKE_OTHER_DAY = "mn_carbike_r02_suburb_bicycling_android-2"
CAR = "mn_carbike_r01_suburb_city_driving_weekend_ios-2"


def real(name: str) -> Trace:
    """Read one of the copied traces."""
    return parse_trace((DATA / "traces" / f"{name}.json").read_bytes())


def real_leg(name: str, mode: str) -> Trace:
    """Return the clean points of the first leg of a mode."""
    labelled = next(one for one in read_traces(DATA / "traces") if one.trace.id == name)
    return next(leg.points for leg in labelled.legs if leg.mode == mode)


def line(
    speed_mps: npt.ArrayLike,
    *,
    start_t: float = 1_700_000_000.0,
    step_s: float = 5.0,
    lat: float = 43.3,
    lon: float = 5.37,
    jitter_m: float = 1.5,
) -> Trace:
    """Make a trace that goes east at the given speeds, one per step, with receiver jitter."""
    rng = np.random.default_rng(4)
    east_m = np.concatenate(([0.0], np.cumsum(np.asarray(speed_mps, dtype=float) * step_s)))
    degree_m = 111_195.0
    unknown: FloatArray = np.full(len(east_m), np.nan)
    drift: FloatArray = np.convolve(
        rng.normal(0, jitter_m, len(east_m) + 6), np.ones(7) / 7, "valid"
    )
    return Trace(
        "line",
        np.asarray(start_t + step_s * np.arange(len(east_m)), dtype=np.float64),
        lat + drift / degree_m,
        lon + east_m / degree_m / np.cos(np.radians(lat)),
        unknown,
        unknown,
        unknown,
    )


def later(trace: Trace, seconds: float) -> Trace:
    """Return the same trace at another time."""
    return replace(trace, t=trace.t + seconds)
