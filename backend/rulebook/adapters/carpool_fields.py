"""Fields of `carpool-campaign/1`: which ones decide an amount, and which the format does not know.

The importer reads what the format documents. A field it does not document may be a remark or may
change an amount, and nobody but a replay can tell; so each is named to whoever imports.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Facts = Mapping[str, Any]

_REMARKS = frozenset({"note", "notes", "comment", "label", "source"})
"""Words for people; they never decide anything wherever they stand."""

_CAMPAIGN = frozenset(
    {"schema", "id", "handler_id", "kind", "time_zone", "units", "published", "parameters"}
    | {"eligibility", "tariff", "caps", "notice_differs", "features", "complexity"}
)
_ENTRY = frozenset({"id", "require", "exclude", "when"})
_PLACE = frozenset({"codes", "geometry", "boundary_counts_inside"})
_CONDITIONS: dict[str, frozenset[str]] = {
    "all": frozenset({"of"}),
    "any": frozenset({"of"}),
    "not": frozenset({"of"}),
    "instant_from": frozenset({"at"}),
    "instant_before": frozenset({"at"}),
    "utc_date_from": frozenset({"date"}),
    "utc_date_to": frozenset({"date"}),
    "local_date_in": frozenset({"time_zone", "dates"}),
    "local_weekday_in": frozenset({"time_zone", "days"}),
    "processing_date_from": frozenset({"date", "time_zone"}),
    "operator_allowed": frozenset({"timeline"}),
    "operator_class_in": frozenset({"classes"}),
    "distance": frozenset({"min_m", "max_m", "min_inclusive", "max_inclusive"}),
    "passenger_adult": frozenset({"unknown_passes"}),
    "same_code": frozenset({"level"}),
    "field_is_zero": frozenset({"field"}),
}
_TARIFF = frozenset({"mode", "variants", "adjustments", "rounding", "formula"})
_COMPONENT = frozenset(
    {"fixed_cents", "cents_per_km", "km_from_m", "km_to_m", "max_cents_before_seats", "per"}
)
_CAP = frozenset({"order", "target", "counter", "period", "max", "period_time_zone"})


def unknown_fields(campaign: Facts) -> list[str]:
    """Return the paths of fields the format does not know, in document order.

    Raises:
        TypeError, AttributeError, KeyError: The document has another shape.
    """
    return [
        *_extra("", campaign, _CAMPAIGN),
        *_entries(campaign["eligibility"]),
        *_tariff(campaign["tariff"]),
        *(
            path
            for at, cap in enumerate(campaign["caps"])
            for path in _extra(f"caps[{at}]", cap, _CAP)
        ),
    ]


def _extra(path: str, facts: Facts, known: frozenset[str]) -> Iterator[str]:
    for name in facts:
        if name not in known and name not in _REMARKS:
            yield f"{path}.{name}" if path else name


def _entries(entries: list[Facts]) -> Iterator[str]:
    for at, entry in enumerate(entries):
        path = f"eligibility[{at}]"
        yield from _extra(path, entry, _ENTRY)
        for part in ("require", "exclude", "when"):
            yield from _condition(f"{path}.{part}", entry.get(part))


def _condition(path: str, condition: Facts | None) -> Iterator[str]:
    if condition is None:
        return
    known = _CONDITIONS.get(str(condition.get("type")), _PLACE)
    yield from _extra(path, condition, known | {"type"})
    parts = condition.get("of")
    if isinstance(parts, Mapping):
        yield from _condition(f"{path}.of", parts)
    for at, part in enumerate(parts if isinstance(parts, list) else ()):
        yield from _condition(f"{path}.of[{at}]", part)
    for at, span in enumerate(condition.get("timeline") or ()):
        yield from _extra(f"{path}.timeline[{at}]", span, frozenset({"from", "allowed"}))


def _tariff(tariff: Facts) -> Iterator[str]:
    yield from _extra("tariff", tariff, _TARIFF)
    yield from _extra(
        "tariff.rounding", tariff["rounding"], frozenset({"when", "mode", "unit_cents"})
    )
    for at, variant in enumerate(tariff.get("variants") or ()):
        path = f"tariff.variants[{at}]"
        yield from _extra(path, variant, frozenset({"when", "tiers"}))
        yield from _condition(f"{path}.when", variant.get("when"))
        yield from _tiers(path, variant["tiers"])
    for at, change in enumerate(tariff.get("adjustments") or ()):
        path = f"tariff.adjustments[{at}]"
        yield from _extra(path, change, frozenset({"type", "factor", "field", "when"}))
        yield from _condition(f"{path}.when", change.get("when"))


def _tiers(path: str, tiers: list[Facts]) -> Iterator[str]:
    for at, tier in enumerate(tiers):
        here = f"{path}.tiers[{at}]"
        yield from _extra(here, tier, frozenset({"from_m", "to_m", "components"}))
        for at_part, part in enumerate(tier["components"]):
            yield from _extra(f"{here}.components[{at_part}]", part, _COMPONENT)
