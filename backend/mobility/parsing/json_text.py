"""JSON without the extensions that Python reads by default: no NaN, no endless nesting."""

import json
from typing import Any, NoReturn

from backend.mobility.errors import TraceInvalidError


def load_object(text: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        TraceInvalidError: Not UTF-8, not JSON, NaN or Infinity, nested too deeply, no object.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise TraceInvalidError("malformed_json", "This JSON cannot be read.") from error
    if not isinstance(value, dict):
        raise TraceInvalidError("malformed_json", "A trace in JSON is one object.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise TraceInvalidError("not_finite", f"{name} is no JSON number: write null for unknown.")
