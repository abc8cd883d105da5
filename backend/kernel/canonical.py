"""Canonical bytes and hashes, so that the same facts always give the same digest."""

import hashlib
import json
from collections.abc import Mapping, Sequence

JSONValue = str | int | bool | None | Sequence["JSONValue"] | Mapping[str, "JSONValue"]


def canonical_json(value: JSONValue) -> bytes:
    """Serialise to UTF-8 JSON with sorted keys and no spaces.

    Floats are refused: two machines may print one float in two ways.

    Raises:
        TypeError: `value` holds a float or anything JSON does not know.
    """
    _refuse_floats(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        msg = "canonical JSON takes no float; use an integer or a decimal string"
        raise TypeError(msg)
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
