"""Acts as plain facts (JSON objects, table rows) and back; used by tools, never by the hot path."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from backend.kernel.errors import InvalidInputError
from backend.rulebook.act import Act, Place

_INTEGERS = frozenset(
    {
        "count",
        "mass_g",
        "distance_m",
        "duration_s",
        "seats",
        "driver_revenue_units",
        "passenger_contribution_units",
    }
)
_NAMES = frozenset(field.name for field in fields(Act))
TEXTS = _NAMES - _INTEGERS - {
    "occurred_at",
    "place",
    "end_place",
    "passenger_adult",
    "person_tags",
    "processed_on",
}  # fmt: skip
_PREFIXES = ("end_place.", "place.")


def act_from_facts(facts: Mapping[str, Any]) -> Act:
    """Read an act from plain values.

    `place` and `end_place` are objects `{codes: {level: code}, lat, lon}`; in a flat table their
    columns are `place.commune`, `place.lat` and so on. Instants are ISO 8601 with an offset.

    Raises:
        InvalidInputError: A field is unknown or has the wrong kind of value.
    """
    values = _unflattened(facts)
    unknown = sorted(set(values) - _NAMES)
    if unknown:
        raise _problem(unknown[0], "no such fact of an act", "distance_m")
    read = {name: _value(name, value) for name, value in values.items() if value is not None}
    for needed in ("kind", "occurred_at"):
        if needed not in read:
            raise _problem(needed, "is missing", "2026-11-28T12:00:00+01:00")
    return Act(**read)


def act_to_facts(act: Act) -> dict[str, Any]:
    """Write an act as plain values that `act_from_facts` reads back."""
    found: dict[str, Any] = {}
    for name in sorted(_NAMES):
        value = getattr(act, name)
        if value is None or value == frozenset():
            continue
        if isinstance(value, Place):
            position = {"lat": value.lat, "lon": value.lon}
            found[name] = {"codes": dict(value.codes)} | {
                axis: str(degrees) for axis, degrees in position.items() if degrees is not None
            }
        elif isinstance(value, frozenset):
            found[name] = sorted(value)
        else:
            found[name] = value.isoformat() if isinstance(value, date) else value
    return found


def _unflattened(facts: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in facts.items():
        prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), None)
        if prefix is None:
            found[name] = value
        elif value is not None:
            place = found.setdefault(prefix[:-1], {"codes": {}})
            part = name.removeprefix(prefix)
            (place if part in ("lat", "lon") else place["codes"])[part] = value
    return found


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - a plain value of any kind
    if name in _INTEGERS:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise _problem(name, "must be a whole number, not negative", "1200")
    if name in TEXTS:
        if isinstance(value, str):
            return value
        raise _problem(name, "must be text", "glass")
    if name == "passenger_adult":
        if isinstance(value, bool):
            return value
        raise _problem(name, "must be true or false", "true")
    return _compound(name, value)


def _compound(name: str, value: Any) -> Any:  # noqa: ANN401 - a plain value of any kind
    try:
        if name == "occurred_at":
            return _instant(value)
        if name == "processed_on":
            return value if isinstance(value, date) else date.fromisoformat(value)
        if name == "person_tags":
            return frozenset(str(tag) for tag in value)
        return _place(value)
    except (ValueError, TypeError, AttributeError, InvalidOperation) as problem:
        raise _problem(name, f"cannot be read ({problem})", "see docs/rulebook.md") from problem


def _instant(value: str | datetime) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return at


def _place(facts: Mapping[str, Any]) -> Place:
    codes = {str(level): str(code) for level, code in facts.get("codes", {}).items() if code}
    lat, lon = facts.get("lat"), facts.get("lon")
    return Place(
        codes,
        None if lat is None else Decimal(str(lat)),
        None if lon is None else Decimal(str(lon)),
    )


def _problem(name: str, problem: str, example: str) -> InvalidInputError:
    return InvalidInputError(
        "act_invalid",
        f"The act cannot be read: {name} {problem}.",
        errors=[{"path": name, "problem": problem, "example": example}],
    )
