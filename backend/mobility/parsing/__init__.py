"""Readers of trace files: GPX, GeoJSON and our compact JSON. Strict bounds, no entity, no archive.

`parse_trace` looks at the first bytes and picks the reader.
"""

from backend.mobility.errors import TraceInvalidError
from backend.mobility.parsing.compact import read_compact
from backend.mobility.parsing.geojson import read_geojson
from backend.mobility.parsing.gpx import read_gpx
from backend.mobility.parsing.json_text import load_object
from backend.mobility.trace import Area, Trace, check_area

MAX_BYTES = 12_000_000
"""50,000 points of a verbose GPX file are 11 MB."""
_ARCHIVES = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")


def parse_trace(
    content: bytes, *, now_t: float | None = None, area: Area | None = None, name: str = "trace"
) -> Trace:
    """Read one trace from the bytes of a file or request.

    Args:
        now_t: The current Unix second; fixes in the future are refused. `None` skips the check.
        area: Refuse a trace with no point inside; says so when its coordinates are swapped.
        name: Used as id when the content has none.

    Raises:
        TraceInvalidError: Anything that keeps the content from being a trace within bounds;
            the code tells what (`trace_compressed`, `trace_too_long`, `trace_swapped`…).
    """
    if len(content) > MAX_BYTES:
        raise TraceInvalidError("too_large", f"A trace file holds at most {MAX_BYTES} bytes.")
    if content.startswith(_ARCHIVES):
        raise TraceInvalidError("compressed", "Send the trace itself, not an archive of it.")
    text = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text:
        raise TraceInvalidError("unknown_format", "The file is empty.")
    if text.startswith(b"<"):
        trace = read_gpx(text, now_t=now_t, name=name)
    elif text.startswith(b"{"):
        value = load_object(text)
        is_geojson = value.get("type") in ("Feature", "FeatureCollection")
        reader = read_geojson if is_geojson else read_compact
        trace = reader(value, now_t=now_t, name=name)
    else:
        raise TraceInvalidError(
            "unknown_format", "This is neither GPX nor GeoJSON nor compact JSON."
        )
    if area is not None:
        check_area(trace, area)
    return trace
