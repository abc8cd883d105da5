"""Conditions of a carpool campaign, translated one by one."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from backend.rulebook.errors import CampaignUnsupportedError

Facts = Mapping[str, Any]

FIELDS = {
    "distance_m": "distance_m",
    "duration_s": "duration_s",
    "seats": "seats",
    "driver_revenue_cents": "driver_revenue_units",
    "passenger_contribution_cents": "passenger_contribution_units",
}
TERRITORY = "territory"
NO_DAY = "no-day"

_WHICH = {
    "start_in": "start",
    "end_in": "end",
    "start_and_end_in": "both",
    "start_or_end_in": "either",
}


_NEVER = {"type": "date_in", "date_list": NO_DAY}
_ALWAYS = {"type": "not", "of": _NEVER}
_LISTS = ("of", "classes", "days", "timeline")
"""A list of alternatives; the format may leave it empty, our language does not."""


class ConditionImport:
    """Translates conditions and collects the areas and lists of days they name."""

    def __init__(self, parameters: Facts) -> None:
        self._parameters = parameters
        self.areas: dict[str, Any] = {}
        self.date_lists: dict[str, list[str]] = {}
        self.uses_processing_date = False
        self._kinds: dict[str, Callable[[str, Facts], dict[str, Any]]] = {
            "all": self._several,
            "any": self._several,
            "not": self._not,
            "instant_from": lambda _, c: {"type": "instant", "from": c["at"]},
            "instant_before": lambda _, c: {"type": "instant", "before": c["at"]},
            "utc_date_from": lambda _, c: {
                "type": "date",
                "from": c["date"],
                "time_zone": "UTC",
            },
            "utc_date_to": lambda _, c: {"type": "date", "to": c["date"], "time_zone": "UTC"},
            "local_date_in": self._local_date_in,
            "local_weekday_in": lambda _, c: {
                "type": "weekday_in",
                "days": c["days"],
                "time_zone": c["time_zone"],
            },
            "processing_date_from": self._processing_date_from,
            "operator_allowed": lambda _, c: {
                "type": "operator_in",
                "timeline": sorted(c["timeline"], key=lambda span: _instant(span["from"])),
            },
            "operator_class_in": lambda _, c: {"type": "class_in", "classes": c["classes"]},
            "distance": self._distance,
            "passenger_adult": lambda _, c: {
                "type": "adult",
                "unknown_passes": c.get("unknown_passes", True),
            },
            "same_code": lambda _, c: {"type": "same_code", "level": c["level"]},
            "field_is_zero": _field_is_zero,
        }

    def condition(self, path: str, facts: Facts) -> dict[str, Any]:
        """Return our form of a condition.

        Raises:
            CampaignUnsupportedError: The documented format does not know it.
        """
        kind = facts.get("type")
        if not isinstance(kind, str):
            raise CampaignUnsupportedError(path, "a condition needs a `type`")
        if kind in _WHICH:
            return self._place(path, facts, _WHICH[kind])
        which = _WHICH.get(kind.removesuffix("_polygon"))
        if which is not None:
            return self._polygon(path, facts, which)
        translate = self._kinds.get(kind)
        if translate is None:
            raise CampaignUnsupportedError(path, f"condition {kind!r} is unknown")
        if any(facts.get(name) == [] for name in _LISTS):
            return self._constant(holds=kind == "all")
        try:
            return translate(path, facts)
        except KeyError as problem:
            raise CampaignUnsupportedError(path, f"{problem} is missing") from problem

    def _constant(self, *, holds: bool) -> dict[str, Any]:
        self.date_lists[NO_DAY] = []
        return dict(_ALWAYS if holds else _NEVER)

    def _several(self, path: str, facts: Facts) -> dict[str, Any]:
        parts = [self.condition(f"{path}.of[{at}]", part) for at, part in enumerate(facts["of"])]
        return {"type": facts["type"], "of": parts}

    def _not(self, path: str, facts: Facts) -> dict[str, Any]:
        return {"type": "not", "of": self.condition(f"{path}.of", facts["of"])}

    def _local_date_in(self, path: str, facts: Facts) -> dict[str, Any]:
        dates = facts["dates"]
        found = {"type": "date_in", "time_zone": facts["time_zone"]}
        if isinstance(dates, list) and dates:
            return found | {"dates": dates}
        parameter = dates["parameter"] if isinstance(dates, Mapping) else path
        name = name_of(parameter)
        given = self._parameters.get(parameter) or []
        self.date_lists[name] = given.get("deployed", []) if isinstance(given, Mapping) else given
        return found | {"date_list": name}

    def _distance(self, _: str, facts: Facts) -> dict[str, Any]:
        low, high = facts.get("min_m") or 0, facts.get("max_m")
        if not facts.get("min_inclusive", True):
            low += 1
        found = {"type": "measure", "fact": "distance_m", "at_least": max(low, 0)}
        if high is None:
            return found
        is_inclusive = facts.get("max_inclusive", False)
        if high + is_inclusive <= found["at_least"]:
            return self._constant(holds=False)
        return found | {"at_most" if is_inclusive else "less_than": high}

    def _processing_date_from(self, _: str, facts: Facts) -> dict[str, Any]:
        self.uses_processing_date = True
        return {"type": "processed", "from": facts["date"]}

    def _place(self, path: str, facts: Facts, which: str) -> dict[str, Any]:
        codes = facts["codes"]
        if "parameter" in codes:
            if codes["parameter"] != "territory_selector":
                raise CampaignUnsupportedError(path, f"parameter {codes['parameter']!r} is unknown")
            return {"type": "place_in", "which": which, "area": TERRITORY}
        listed = code_lists(codes)
        if not listed:
            return self._constant(holds=False)
        return {"type": "place_in", "which": which, "codes": listed}

    def _polygon(self, path: str, facts: Facts, which: str) -> dict[str, Any]:
        if facts.get("boundary_counts_inside", True) is not True:
            raise CampaignUnsupportedError(path, "a boundary that counts outside is unknown")
        geometry = facts["geometry"]
        shape = geometry.get("type")
        if shape not in ("Polygon", "MultiPolygon"):
            raise CampaignUnsupportedError(path, f"geometry {shape!r} is unknown")
        polygons = geometry["coordinates"]
        name = f"polygon-{len(self.areas) + 1}"
        self.areas[name] = {"polygons": [polygons] if shape == "Polygon" else polygons}
        return {"type": "place_in", "which": which, "area": name}


def code_lists(codes: Facts) -> dict[str, list[str]]:
    """Return codes per level as text; levels without any code match nothing and are left out."""
    return {level: [str(code) for code in listed] for level, listed in codes.items() if listed}


def name_of(text: str) -> str:
    """Turn any identifier into a name of our language."""
    return re.sub(r"[^a-z0-9_.-]+", "-", text.lower()).strip("-_.")[:80] or "unnamed"


def _instant(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _field_is_zero(path: str, facts: Facts) -> dict[str, Any]:
    return {"type": "fact_is_zero", "fact": field_name(path, facts["field"])}


def field_name(path: str, field: str) -> str:
    """Return our name of a trip's field.

    Raises:
        CampaignUnsupportedError: The field is unknown.
    """
    if field not in FIELDS:
        raise CampaignUnsupportedError(path, f"field {field!r} is unknown")
    return FIELDS[field]
