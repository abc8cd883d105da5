"""Follow the line of a trace at other times: by distance or at exact steps."""

import numpy as np

from backend.mobility.geometry import to_plane
from backend.mobility.trace import FloatArray, Trace


def along_m(trace: Trace) -> FloatArray:
    """Return the metres travelled at each fix, the first one at zero."""
    x, y = to_plane(trace.lat, trace.lon)
    return np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))


def sampled(trace: Trace, step_s: float) -> Trace:
    """Interpolate a trace to exact steps, as a player of routes does."""
    t = np.arange(trace.t[0], trace.t[-1], step_s)
    lat, lon = np.interp(t, trace.t, trace.lat), np.interp(t, trace.t, trace.lon)
    return _bare(trace, t, lat, lon)


def dated_line(line: Trace, length: FloatArray, marks: FloatArray, t: FloatArray) -> Trace:
    """Be at `marks` metres along a line at the times `t`; `length` is its `along_m`."""
    lat, lon = np.interp(marks, length, line.lat), np.interp(marks, length, line.lon)
    return _bare(line, t, lat, lon)


def _bare(trace: Trace, t: FloatArray, lat: FloatArray, lon: FloatArray) -> Trace:
    unknown = np.full(len(t), np.nan)
    return Trace(trace.id, t, lat, lon, unknown, unknown, unknown)
