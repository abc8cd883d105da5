"""The mobility bench at a tiny scale: its traces are traces, its figures are figures."""

import numpy as np

from backend.mobility.parsing import parse_trace
from backend.mobility.verify import verify
from scripts.bench.mobility import as_gpx, as_json, cpu_ms, peak_mb, ride


def test_bench_traces_survive_both_formats_and_show_a_ride() -> None:
    trace = ride(300, np.random.default_rng(1))

    from_json, from_gpx = parse_trace(as_json(trace)), parse_trace(as_gpx(trace))

    assert len(from_json) == len(from_gpx) == 300
    assert np.allclose(from_json.lat, trace.lat, atol=1e-6)
    assert np.allclose(from_gpx.lon, trace.lon, atol=1e-6)
    assert verify(trace).legs


def test_bench_measures_time_and_memory() -> None:
    assert cpu_ms(lambda: sum(range(200_000)), 2) > 0
    assert peak_mb(lambda: bytearray(3_000_000)) >= 2.9
