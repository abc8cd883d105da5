"""Real recordings, moved to Marseille and to the time of a test."""

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

TRACES = Path(__file__).parents[1] / "unit/mobility/data/traces"
BIKE = "mn_carbike_r01_suburb_bicycling_ios-1"
BIKE_OTHER_DAY = "mn_carbike_r02_suburb_bicycling_android-2"
CAR = "mn_carbike_r01_suburb_city_driving_weekend_ios-2"
BUS = "mn_carscooterbus_r01_bus_trip_with_e-scooter_access_ios-3"
RAIL = "mn_trainbusebike_r06_mtv_to_berkeley_sf_bart_android-2"
WALK_S = 870
MARSEILLE = (43.2965, 5.3698)

Row = list[Any]


def rows(
    name: str,
    *,
    ended_at: datetime,
    start: tuple[float, float] = MARSEILLE,
    shift_s: float = 0.0,
) -> list[Row]:
    """Return the points of a recording that ends at an instant and starts at a place."""
    points: list[Row] = json.loads((TRACES / f"{name}.json").read_text())["points"]
    lat0, lon0 = points[0][1], points[0][2]
    stretch = math.cos(math.radians(lat0)) / math.cos(math.radians(start[0]))
    last = max(point[0] for point in points)
    return [
        [
            round(point[0] - last + ended_at.timestamp() + shift_s, 3),
            round(start[0] + point[1] - lat0, 6),
            round(start[1] + (point[2] - lon0) * stretch, 6),
            *point[3:],
        ]
        for point in points
    ]


def ride(name: str = BIKE, **where: Any) -> bytes:
    """Return a recording as the phone page sends it."""
    return json.dumps({"id": "ride", "points": rows(name, **where)}).encode()


def walk(*, ended_at: datetime) -> bytes:
    """Return the walk to the station at the beginning of a train ride: 869 s, 1.3 km."""
    points = rows(RAIL, ended_at=ended_at)
    first = points[0][0]
    start = [point for point in points if point[0] - first <= WALK_S]
    late = ended_at.timestamp() - start[-1][0]
    moved = [[round(point[0] + late, 3), *point[1:]] for point in start]
    return json.dumps({"points": moved}).encode()


def labels(name: str, *, ended_at: datetime) -> list[tuple[str, float, float]]:
    """Return (mode, start, end) of the legs that the traveller labelled, at the test's time."""
    recording = json.loads((TRACES / f"{name}.json").read_text())
    last = max(point[0] for point in recording["points"])
    late = ended_at.timestamp() - last
    return [(leg["mode"], leg["start_t"] + late, leg["end_t"] + late) for leg in recording["legs"]]
