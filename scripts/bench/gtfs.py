"""Time the import of a timetable of the metropolis' size: CPU seconds and memory.

Usage: python -m scripts.bench.gtfs [--runs 30000] [--feed FILE]

Without a file the feed is made here: 3,000 stops, 150 lines, 30,000 runs of 32 halts, which is
what the bus, tram and metro network of Marseille has. Exit 1 over 300 MB or 60 s of CPU.
"""

import argparse
import json
import resource
import tempfile
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from backend.workflows import timetables

STOPS, LINES, HALTS = 3_000, 150, 32
GOAL_MB, GOAL_S = 300.0, 60.0


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30_000)
    parser.add_argument("--feed", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.feed or write_feed(Path(folder) / "feed.zip", runs=options.runs)
        before_mb, start_s = peak_mb(), time.process_time()
        feed = timetables.read(path, name="bench", now=datetime(2026, 11, 26, tzinfo=UTC))
        figures = {
            "packed_mb": round(path.stat().st_size / 1e6, 1),
            "stops": feed.stops,
            "lines": feed.routes,
            "runs": feed.runs,
            "cpu_s": round(time.process_time() - start_s, 1),
            "more_memory_mb": round(peak_mb() - before_mb, 1),
            "stored_mb": round(len(feed.archive) / 1e6, 1),
        }
    print(json.dumps(figures, indent=1))
    is_met = figures["more_memory_mb"] <= GOAL_MB and figures["cpu_s"] <= GOAL_S
    raise SystemExit(0 if is_met else 1)


def peak_mb() -> float:
    """Return the most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


def write_feed(path: Path, *, runs: int) -> Path:
    """Write a feed row by row, so that making it takes no memory that reading would hide in."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("agency.txt", "agency_name,agency_timezone\nBench,Europe/Paris\n")
        archive.writestr(
            "calendar.txt",
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,"
            "end_date\nS,1,1,1,1,1,1,1,20260101,20261231\n",
        )
        places = (
            f"s{n},Stop {n},{43.2 + n % 60 / 200:.5f},{5.3 + n // 60 / 100:.5f}\n"
            for n in range(STOPS)
        )
        archive.writestr("stops.txt", "stop_id,stop_name,stop_lat,stop_lon\n" + "".join(places))
        lines = "".join(f"r{n},{n},3\n" for n in range(LINES))
        archive.writestr("routes.txt", "route_id,route_short_name,route_type\n" + lines)
        trips = "".join(f"t{n},r{n % LINES},S\n" for n in range(runs))
        archive.writestr("trips.txt", "trip_id,route_id,service_id\n" + trips)
        with archive.open("stop_times.txt", "w", force_zip64=True) as table:
            table.write(b"trip_id,stop_id,stop_sequence,arrival_time,departure_time\n")
            for run in range(runs):
                table.write(_halts(run).encode())
    return path


def _halts(run: int) -> str:
    start_s = 5 * 3_600 + run * 61 % 68_000
    rows = []
    for halt in range(HALTS):
        second = start_s + halt * 95
        clock = f"{second // 3600}:{second // 60 % 60:02}:{second % 60:02}"
        rows.append(f"t{run},s{(run * 7 + halt) % STOPS},{halt},{clock},{clock}\n")
    return "".join(rows)


if __name__ == "__main__":
    main()
