"""Time the judging of traces: CPU per trip of 1,000 points, and the largest trace taken.

Usage: python -m scripts.bench.mobility [--rounds 20]

Traces are simulated by `scripts.mobility.simulate`, parsed from JSON and GPX text, judged with
fifty earlier fingerprints to compare with. Exit 1 when a goal is missed: 20 ms of CPU for
1,000 points, one second for 50,000.
"""

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from backend.mobility.dossier import examine
from backend.mobility.emissions.factors import default_factors
from backend.mobility.fraud.fingerprint import fingerprint
from backend.mobility.parsing import parse_trace
from backend.mobility.storing import content_key, pack
from backend.mobility.trace import MAX_POINTS, Trace
from backend.mobility.verify import verify
from scripts.mobility.simulate import STYLES, simulate_leg

TRIP_POINTS = 1_000
GOAL_TRIP_MS = 20.0
GOAL_LARGEST_MS = 1_000.0
EARLIER = 50


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(1)
    trip, largest = ride(TRIP_POINTS, rng), ride(MAX_POINTS, rng)
    history = [fingerprint(ride(TRIP_POINTS, rng)) for _ in range(EARLIER)]
    verify(trip)
    figures = {
        "trip_points": len(trip),
        "trip_verify_ms": cpu_ms(lambda: verify(trip), rounds),
        "trip_verify_with_50_earlier_ms": cpu_ms(lambda: verify(trip, history=history), rounds),
        "trip_parse_json_ms": cpu_ms(lambda: parse_trace(as_json(trip)), rounds),
        "trip_parse_gpx_ms": cpu_ms(lambda: parse_trace(as_gpx(trip)), rounds),
        "trip_taken_in_ms": cpu_ms(lambda: take_in(as_json(trip)), rounds),
        "trip_judged_and_kept_ms": cpu_ms(lambda: examine(trip, factors=default_factors()), rounds),
        "largest_points": len(largest),
        "largest_verify_ms": cpu_ms(lambda: verify(largest), 2),
    }
    text = as_json(largest)
    figures["largest_parse_json_ms"] = cpu_ms(lambda: parse_trace(text), 2)
    xml = as_gpx(largest)
    figures["largest_parse_gpx_ms"] = cpu_ms(lambda: parse_trace(xml), 2)
    figures["largest_peak_mb"] = peak_mb(lambda: verify(parse_trace(text)))
    print(json.dumps(figures, indent=1))
    whole = figures["largest_verify_ms"] + figures["largest_parse_json_ms"]
    is_met = figures["trip_verify_ms"] <= GOAL_TRIP_MS and whole <= GOAL_LARGEST_MS
    raise SystemExit(0 if is_met else 1)


def take_in(content: bytes) -> None:
    """Do what the door does with a trip before it stores it."""
    trace = parse_trace(content)
    content_key(trace)
    pack(trace)


def ride(points: int, rng: np.random.Generator) -> Trace:
    """Simulate bike rides in a row until there are enough points; one fix a second."""
    style = next(one for one in STYLES if (one.mode, one.kind) == ("bike", "sport"))
    leg = simulate_leg(style, rng)
    at = np.linspace(0, len(leg) - 1, points)
    known = np.arange(len(leg))
    drift = rng.normal(0, 1e-5, points)
    unknown = np.full(points, np.nan)
    lat, lon = np.interp(at, known, leg.lat) + drift, np.interp(at, known, leg.lon)
    t = np.round(1.7e9 + np.arange(points, dtype=np.float64) * 2.0, 1)
    return Trace("bench", t, lat, lon, unknown, unknown, unknown)


def cpu_ms(work: Callable[[], object], rounds: int) -> float:
    """Return the median CPU milliseconds of a call, which other processes do not lengthen."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        spent.append((time.process_time() - start) * 1000)
    return round(float(np.median(spent)), 2)


def peak_mb(work: Callable[[], object]) -> float:
    """Return the most memory that a call held at once, in megabytes."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6, 1)


def as_json(trace: Trace) -> bytes:
    """Write a trace as compact JSON."""
    places = zip(trace.t, trace.lat, trace.lon, strict=True)
    points = [[float(t), round(float(lat), 6), round(float(lon), 6), 8] for t, lat, lon in places]
    return json.dumps({"id": trace.id, "points": points}).encode()


def as_gpx(trace: Trace) -> bytes:
    """Write a trace as GPX 1.1."""
    points = "".join(
        f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}"><ele>12</ele>'
        f"<time>{datetime.fromtimestamp(t, tz=UTC).isoformat()}</time></trkpt>"
        for t, lat, lon in zip(trace.t, trace.lat, trace.lon, strict=True)
    )
    return f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{points}</trkseg></trk></gpx>'.encode()


if __name__ == "__main__":
    main()
