"""The compact JSON of the phone page, which the labelled traces share.

    {"id": "…", "points": [[t, lat, lon, accuracy_m, speed_mps, altitude_m], …]}

Unknown values are null, trailing unknown ones may be left out; other keys are ignored.
"""

from typing import Any

from backend.mobility.errors import TraceInvalidError
from backend.mobility.trace import Trace, make_trace

_EXAMPLE = '{"id": "ride", "points": [[1700000000, 43.2962, 5.3698, 8, 4.1, 12]]}'


def read_compact(value: dict[str, Any], *, now_t: float | None, name: str) -> Trace:
    """Read a compact JSON object.

    Raises:
        TraceInvalidError: No list of points, or a point or bound is wrong.
    """
    points = value.get("points")
    if not isinstance(points, list):
        raise TraceInvalidError(
            "without_points", "The object has no list `points`.", path="points", example=_EXAMPLE
        )
    for index, point in enumerate(points):
        if not isinstance(point, list) or not 3 <= len(point) <= 6:  # noqa: PLR2004 - t to altitude
            raise TraceInvalidError(
                "malformed_point",
                "A point is a list of three to six numbers.",
                path=f"points[{index}]",
                example="[1700000000, 43.2962, 5.3698, 8, 4.1, 12]",
            )
    return make_trace(str(value.get("id", name)), points, now_t=now_t)
