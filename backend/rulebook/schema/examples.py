"""Finds a valid example for any place in the language, from the examples in the schema itself."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from backend.rulebook.schema.edition import Edition

_Node = Mapping[str, Any]


@cache
def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of an edition (draft 2020-12); treat it as read-only."""
    schema = Edition.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def example_for(location: Sequence[str | int]) -> str:
    """Return a valid example, as JSON, for the innermost known part of a location.

    Args:
        location: Keys and indexes from the root, union tags included, as pydantic reports them.
    """
    node: _Node = json_schema()
    example: object = "see docs/rulebook.md"
    for step in location:
        found = _step(_resolve(node), step)
        if found is None:
            break
        node = found
        examples = node.get("examples")
        if examples:
            example = examples[0]
    return json.dumps(example, ensure_ascii=False)


def _resolve(node: _Node) -> _Node:
    while "$ref" in node:
        node = json_schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def _step(node: _Node, step: str | int) -> _Node | None:
    for option in (node, *node.get("anyOf", ()), *node.get("oneOf", ())):
        resolved = _resolve(option)
        found = _step_plain(resolved, step)
        if found is not None:
            return found
    return None


def _step_plain(node: _Node, step: str | int) -> _Node | None:
    if isinstance(step, int):
        prefix = node.get("items")
        return prefix if isinstance(prefix, Mapping) else None
    properties = node.get("properties", {})
    if step in properties:
        found: _Node = properties[step]
        return found
    mapping = node.get("discriminator", {}).get("mapping", {})
    if step in mapping:
        return {"$ref": mapping[step]}
    values = node.get("additionalProperties")
    return values if isinstance(values, Mapping) else None
