"""JSON without the extensions that Python reads by default: no NaN, no endless nesting."""

import json
import re
from typing import Any, NoReturn

import numpy as np

from backend.mobility.errors import TraceInvalidError

MAX_DEPTH = 32
"""GeoJSON needs seven. Checked before parsing: the C decoder of Python recurses, and where a
library has raised the recursion limit deep nesting ends the process instead of an exception."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""Possessive and with an optional end, so that an endless string costs linear time too."""


def load_object(text: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        TraceInvalidError: Not UTF-8, not JSON, NaN or Infinity, nested too deeply, no object.
    """
    if _depth(text) > MAX_DEPTH:
        raise TraceInvalidError("malformed_json", f"JSON nests at most {MAX_DEPTH} levels deep.")
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:
        raise TraceInvalidError("malformed_json", "This JSON cannot be read.") from error
    if not isinstance(value, dict):
        raise TraceInvalidError("malformed_json", "A trace in JSON is one object.")
    return value


def _depth(text: bytes) -> int:
    """Return how deep brackets nest outside strings."""
    signs = np.frombuffer(_STRING.sub(b"", text), dtype=np.uint8)
    opens = (signs == ord("[")) | (signs == ord("{"))
    closes = (signs == ord("]")) | (signs == ord("}"))
    level = np.cumsum(opens.astype(np.int32) - closes.astype(np.int32))
    return int(level.max(initial=0))


def _refuse_constant(name: str) -> NoReturn:
    raise TraceInvalidError("not_finite", f"{name} is no JSON number: write null for unknown.")
