"""Imports `carpool-campaign/1` facts of the French carpool register as a rulebook.

The result replays the register's engine with all its quirks and therefore carries a `compat`
block, which keeps it from being published. Format and quirks: docs/rulebook.md.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from backend.rulebook.adapters.carpool_conditions import (
    TERRITORY,
    ConditionImport,
    Facts,
    code_lists,
    field_name,
    name_of,
)
from backend.rulebook.adapters.carpool_fields import unknown_fields
from backend.rulebook.document import edition_from_tree
from backend.rulebook.errors import CampaignUnsupportedError
from backend.rulebook.schema.edition import SCHEMA_NAME, Edition

CAMPAIGN_SCHEMA = "carpool-campaign/1"
UNRESTRICTED = {"country": ["XXXXX"]}
"""Codes that every place of the recorded cases carries: no restriction."""

TARGETS = {
    "driver": "driver",
    "passenger": "passenger",
    "operator_trip": "operator_trip",
    "operator": "operator",
    "campaign": "metropolis",
}
_MAX_EXPONENT = 40
_MAX_DEPTH = 60
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]')

RUN_TIME_BUDGET = "run-time-budget"
"""How the id of a cap begins whose limit comes with the case; other caps keep their own."""

COUNTERS = {"amount": "amount", "trips": "acts", "seats": "seats"}
PERIODS = {"day": "day", "week": "week", "month": "month", "year": "year", "campaign": "all"}

_OPERATIONS = frozenset(
    {"min", "max", "sum", "product", "difference", "quotient", "negate", "round_half_up", "clamp"}
)


def read_json(document: bytes | str) -> Any:  # noqa: ANN401 - JSON is any value
    """Read JSON with every decimal as exact plain text.

    Raises:
        CampaignUnsupportedError: The text is no JSON.
    """
    try:
        text = document if isinstance(document, str) else document.decode("utf-8-sig")
        _refuse_depth(text)
        return json.loads(text, parse_float=_plain, parse_constant=_no_number)
    except ValueError as problem:
        raise CampaignUnsupportedError("document", f"no JSON: {problem}") from problem


def import_campaign(document: bytes | str) -> Edition:
    """Translate a campaign file into an edition of our language.

    Raises:
        CampaignUnsupportedError: The file is no campaign or holds something undocumented.
        RulebookInvalidError: The translation is no valid rulebook.
    """
    return import_with_remarks(document)[0]


def import_with_remarks(document: bytes | str) -> tuple[Edition, list[str]]:
    """Translate a campaign file; also return the paths of fields the format does not document.

    Those fields are left out of the edition: whether they mattered, only a replay tells.

    Raises:
        CampaignUnsupportedError: As `import_campaign`.
        RulebookInvalidError: As `import_campaign`.
    """
    campaign = read_json(document)
    if not isinstance(campaign, Mapping) or campaign.get("schema") != CAMPAIGN_SCHEMA:
        raise CampaignUnsupportedError("schema", f"must be {CAMPAIGN_SCHEMA!r}")
    try:
        return edition_from_tree(_tree(campaign)), unknown_fields(campaign)
    except KeyError as problem:
        raise CampaignUnsupportedError("document", f"{problem} is missing") from problem
    except (TypeError, AttributeError, IndexError, ValueError, RecursionError) as problem:
        raise CampaignUnsupportedError("document", f"malformed: {problem}") from problem


def _refuse_depth(text: str) -> None:
    """Stop before the reader does: it recurses, and a library may have lifted Python's limit."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > _MAX_DEPTH:
            raise ValueError(f"nested deeper than {_MAX_DEPTH} levels")


def _plain(text: str) -> str:
    """Write a decimal out; an exponent that would need pages is no amount of this format."""
    value = Decimal(text)
    if abs(value.adjusted()) > _MAX_EXPONENT:
        raise ValueError(f"{text} is out of range")
    return format(value, "f")


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _tree(campaign: Facts) -> dict[str, Any]:
    conditions = ConditionImport(campaign.get("parameters") or {})
    label = str(campaign.get("label") or campaign["id"])
    registration = (campaign.get("published") or {}).get("suggested_registration") or {}
    rule = {
        "id": "carpool",
        "title": {"fr": label, "en": label},
        "acts": {"kind": "mobility", "modes": ["carpool"]},
        "require": _requirements(conditions, campaign["eligibility"]),
        "tariff": _tariff(conditions, campaign["tariff"]),
    }
    name = name_of(campaign["id"])
    return {
        "schema": SCHEMA_NAME,
        "edition": {"id": name, "series": name, "number": 1, "title": {"fr": label, "en": label}},
        "time_zone": campaign["time_zone"],
        "validity": {"from": registration.get("start"), "until": registration.get("end")},
        "date_lists": conditions.date_lists,
        "areas": {TERRITORY: {"codes": code_lists(UNRESTRICTED)}} | conditions.areas,
        "require": [
            {
                "id": TERRITORY,
                "require": {"type": "place_in", "which": "either", "area": TERRITORY},
            }
        ],
        "rules": [rule],
        "caps": [
            _cap(at, cap, registration.get("budget_cents"))
            for at, cap in enumerate(campaign["caps"])
        ],
        "compat": {
            "source": f"French carpool register, campaign {campaign['id']}",
            "count_before_trimming": True,
            "other_clocks": True,
            "processing_date": conditions.uses_processing_date,
            "negative_amounts": True,
            "budget_at_run_time": True,
            "missing_seats_as_one": True,
        },
    }


def _requirements(conditions: ConditionImport, entries: list[Facts]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    for at, entry in enumerate(entries):
        path = f"eligibility[{at}]"
        name = name_of(str(entry.get("id") or f"entry-{at + 1}"))
        while name in taken:
            name = f"{name[:76]}-{at + 1}"
        taken.add(name)
        item: dict[str, Any] = {"id": name}
        for part in ("require", "exclude", "when"):
            if entry.get(part) is not None:
                item[part] = conditions.condition(f"{path}.{part}", entry[part])
        found.append(item)
    return found


def _tariff(conditions: ConditionImport, tariff: Facts) -> dict[str, Any]:
    mode = tariff["mode"]
    found: dict[str, Any] = {"mode": mode, "rounding": _rounding(tariff["rounding"])}
    found["adjustments"] = [
        _adjustment(conditions, f"tariff.adjustments[{at}]", change)
        for at, change in enumerate(tariff.get("adjustments") or ())
    ]
    if mode == "formula":
        return found | {"formula": _expression("tariff.formula", tariff["formula"])}
    if mode not in ("sum_of_reached_tiers", "single_tier"):
        raise CampaignUnsupportedError("tariff.mode", f"{mode!r} is unknown")
    variants = [
        _variant(conditions, f"tariff.variants[{at}]", variant, is_sum=mode != "single_tier")
        for at, variant in enumerate(tariff["variants"])
    ]
    return found | {"measure": "distance_m", "variants": variants}


def _variant(
    conditions: ConditionImport, path: str, variant: Facts, *, is_sum: bool
) -> dict[str, Any]:
    when = variant.get("when")
    tiers = [
        _tier(f"{path}.tiers[{at}]", tier, is_sum=is_sum)
        for at, tier in enumerate(variant["tiers"])
    ]
    return {
        "when": None if when is None else conditions.condition(f"{path}.when", when),
        "tiers": sorted(tiers, key=lambda tier: int(tier["from"])) if is_sum else _disjoint(tiers),
    }


def _disjoint(tiers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cut tiers of which one counts so that none overlap: the first listed that fits counts."""
    edges = sorted({tier["from"] for tier in tiers} | {t["below"] for t in tiers if t["below"]})
    found: list[dict[str, Any]] = []
    for low, high in zip_longest(edges, edges[1:]):
        fits = (t for t in tiers if t["from"] <= low and (t["below"] is None or low < t["below"]))
        tier = next(fits, None)
        if tier is None:
            continue
        if found and found[-1]["below"] == low and found[-1]["pay"] is tier["pay"]:
            found[-1]["below"] = high
        else:
            found.append({"from": low, "below": high, "pay": tier["pay"]})
    return found


def _tier(path: str, tier: Facts, *, is_sum: bool) -> dict[str, Any]:
    start, end = tier.get("from_m") or 0, tier.get("to_m")
    # In the cumulative mode the end is information only, so a strange one is dropped.
    keeps_end = end is not None and (not is_sum or end > start)
    return {
        "from": start,
        "below": end if keeps_end else None,
        "pay": [
            _component(f"{path}.components[{at}]", part)
            for at, part in enumerate(tier["components"])
        ],
    }


def _component(path: str, part: Facts) -> dict[str, Any]:
    per = {"seat": "seat", "trip": "act", None: "act"}.get(part.get("per"))
    if per is None:
        raise CampaignUnsupportedError(path, f"per {part['per']!r} is unknown")
    if "fixed_cents" in part:
        return {"type": "fixed", "units": part["fixed_cents"], "per": per}
    if "cents_per_km" in part:
        return {
            "type": "per_km",
            "units_per_km": part["cents_per_km"],
            "from_m": part.get("km_from_m") or 0,
            "to_m": part.get("km_to_m"),
            "max_units": part.get("max_cents_before_seats"),
            "per": per,
        }
    raise CampaignUnsupportedError(path, "neither fixed_cents nor cents_per_km")


def _adjustment(conditions: ConditionImport, path: str, change: Facts) -> dict[str, Any]:
    when = change.get("when")
    condition = None if when is None else conditions.condition(f"{path}.when", when)
    match change["type"]:
        case "multiply":
            return {"type": "multiply", "factor": change["factor"], "when": condition}
        case "raise_to":
            return {
                "type": "raise_to",
                "fact": field_name(path, change["field"]),
                "when": condition,
            }
        case kind:
            raise CampaignUnsupportedError(path, f"adjustment {kind!r} is unknown")


def _expression(path: str, node: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON is any value
    if not isinstance(node, Mapping):
        return {"op": "number", "number": node}
    if len(node) != 1:
        raise CampaignUnsupportedError(path, "an expression has one operation")
    ((operation, given),) = node.items()
    if operation == "field":
        return {"op": "fact", "fact": field_name(path, given)}
    if operation not in _OPERATIONS:
        raise CampaignUnsupportedError(path, f"operation {operation!r} is unknown")
    parts = given if isinstance(given, list) else [given]
    args = [_expression(f"{path}.{operation}[{at}]", part) for at, part in enumerate(parts)]
    return {"op": operation, "args": args}


def _rounding(rounding: Facts) -> str:
    mode = str(rounding["mode"])
    if rounding.get("unit_cents", 1) != 1:
        raise CampaignUnsupportedError("tariff.rounding.unit_cents", "must be 1")
    for word, ours in (("half up", "half_up"), ("down", "down"), ("floor", "down"), ("up", "up")):
        if word in mode:
            return ours
    raise CampaignUnsupportedError("tariff.rounding.mode", f"{mode!r} is unknown")


def _cap(position: int, cap: Facts, budget: int | None) -> dict[str, Any]:
    path = f"caps[{position}]"
    for field, known in (("target", TARGETS), ("counter", COUNTERS), ("period", PERIODS)):
        if cap[field] not in known:
            raise CampaignUnsupportedError(f"{path}.{field}", f"{cap[field]!r} is unknown")
    limit = cap["max"]
    if isinstance(limit, str) and limit != "budget_cents":
        raise CampaignUnsupportedError(f"{path}.max", f"{limit!r} is unknown")
    found = {
        "id": f"{RUN_TIME_BUDGET if isinstance(limit, str) else 'cap'}-{position + 1}",
        "order": cap.get("order", position),
        "target": TARGETS[cap["target"]],
        "counter": COUNTERS[cap["counter"]],
        "period": PERIODS[cap["period"]],
        "max": budget if isinstance(limit, str) else limit,
        "counter_name": f"{cap['target'].replace('_', '-')}-{cap['counter']}-{cap['period']}",
    }
    if cap["period"] != "campaign":
        # Counter periods follow the clock of the register's process, which ran in UTC.
        found["time_zone"] = cap.get("period_time_zone") or "UTC"
    return found
