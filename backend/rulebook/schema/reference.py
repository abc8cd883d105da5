"""The language field by field as Markdown, made from the schema: docs/rulebook.md cannot lag."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from backend.rulebook.schema.examples import json_schema

_ORDER = (
    "Edition", "Identity", "Text", "Validity", "Area", "Circle", "Requirement", "Rule",
    "ActFilter", "TrancheRule", "AtOnce", "AfterSeconds", "OnMassBalance", "Tariff", "Variant",
    "Tier", "Fixed", "PerKm", "ShareOfBase", "Multiply", "RaiseTo", "Limit", "Const",
    "FactValue", "Operation", "Cap", "Budget", "Stacking", "AllOf", "AnyOf", "Not", "Instant",
    "DateRange", "DateIn", "WeekdayIn", "Hours", "Processed", "OperatorIn", "OperatorSpan",
    "ClassIn", "Measure", "Adult", "PersonTag", "PlaceIn", "SameCode", "FactIsZero",
    "MaterialIn", "ModeIn", "ProofLevelIn", "Compat",
)  # fmt: skip


def field_reference() -> str:
    """Return one section per part of the language: its meaning and a table of its fields."""
    schema = json_schema()
    models: dict[str, Any] = {**schema["$defs"], "Edition": schema}
    names = [name for name in _ORDER if name in models]
    names += sorted(set(models) - set(names))
    return "\n".join(line for name in names for line in _section(name, models[name]))


def _section(name: str, model: Mapping[str, Any]) -> Iterator[str]:
    fields: Mapping[str, Any] = model.get("properties", {})
    if not fields:
        return
    kind = fields.get("type", fields.get("op", {})).get("const")
    meaning = " ".join(str(model.get("description", "")).split())
    yield f"### {name}"
    yield ""
    yield f"`{kind}`: {meaning}" if kind else meaning
    yield ""
    yield "| field | type | meaning | example |"
    yield "|---|---|---|---|"
    required = set(model.get("required", ()))
    for field, facts in fields.items():
        yield _row(field, facts, is_required=field in required)
    yield ""


def _row(field: str, facts: Mapping[str, Any], *, is_required: bool) -> str:
    name = f"`{field}`" + (" (required)" if is_required else "")
    example = json.dumps(facts["examples"][0], ensure_ascii=False)
    default = facts.get("default")
    meaning = facts["description"]
    if not is_required and default not in (None, [], {}):
        meaning += f" Default: `{json.dumps(default)}`."
    cells = (name, _type(facts), meaning, f"`{example}`")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(facts: Mapping[str, Any]) -> str:
    if "$ref" in facts:
        return f"[{_name(facts['$ref'])}](#{_name(facts['$ref']).lower()})"
    options = facts.get("anyOf") or facts.get("oneOf")
    if options:
        return _options(options)
    fixed = [facts["const"]] if "const" in facts else facts.get("enum", ())
    if fixed:
        return ", ".join(f"`{value}`" for value in fixed)
    if facts.get("type") == "array":
        return f"list of {_type(facts.get('items', {}))}" if "items" in facts else "list"
    if facts.get("type") == "object":
        values = facts.get("additionalProperties")
        return f"table of {_type(values)}" if isinstance(values, Mapping) else "table"
    return _scalar(facts)


def _options(options: list[Mapping[str, Any]]) -> str:
    kinds = [option for option in options if option.get("type") != "null"]
    if {option.get("type") for option in kinds} == {"integer", "string"}:
        return "exact number"
    if len(kinds) > 3:  # noqa: PLR2004 - a union longer than this is named by what it is
        return "condition" if "AllOf" in str(kinds) else "one of " + ", ".join(map(_short, kinds))
    return " or ".join(dict.fromkeys(map(_type, kinds)))


def _short(option: Mapping[str, Any]) -> str:
    return _name(option["$ref"]) if "$ref" in option else _type(option)


def _scalar(facts: Mapping[str, Any]) -> str:
    words = {"integer": "whole number", "string": "text", "boolean": "true or false"}
    name = {"date": "date", "date-time": "instant with offset"}.get(facts.get("format", ""))
    kind = name or words.get(str(facts.get("type")), "value")
    low, high = facts.get("minimum"), facts.get("maximum")
    if low is not None or high is not None:
        kind += f", {low if low is not None else '…'} to {high if high is not None else '…'}"
    return kind


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[1]
