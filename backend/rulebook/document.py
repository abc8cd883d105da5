"""Documents: YAML or JSON text to a validated edition and back to canonical bytes."""

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from backend.kernel.canonical import canonical_json, sha256_hex
from backend.rulebook.errors import RulebookInvalidError
from backend.rulebook.schema import Edition
from backend.rulebook.schema.examples import example_for
from backend.rulebook.validate import problems_of

Tree = dict[str, Any] | list[Any] | str | int | bool | None

MAX_BYTES = 4_000_000
"""Longest document read; the longest real one (a polygon of 6,000 points) has 300 kB."""

_MAX_DEPTH = 60
_MAX_ERRORS = 50
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_WORDS: dict[str, Tree] = {"": None, "~": None, "null": None, "true": True, "false": False}


def read_tree(document: bytes | str) -> Tree:
    """Parse YAML (JSON is a subset) into plain values without any float.

    Decimals stay text ("12.5") so that no digit is lost; dates stay text; codes with a leading
    zero stay text. Aliases, tags, duplicate keys and several documents are refused: two readers
    might see different rules in them.

    Raises:
        RulebookInvalidError: The text is no such document.
    """
    try:
        text = document.decode() if isinstance(document, bytes) else document
        if len(text.encode()) > MAX_BYTES:
            raise _text_error(f"the document is longer than {MAX_BYTES} bytes")
        return _TreeBuilder().build(text)
    except (yaml.YAMLError, UnicodeError) as problem:
        raise _text_error(" ".join(str(problem).split())[:300]) from problem


def parse_edition(document: bytes | str) -> Edition:
    """Parse and validate a document, shape first, meaning second.

    Raises:
        RulebookInvalidError: With every problem found: path, what is wrong, a valid example.
    """
    return edition_from_tree(read_tree(document))


def edition_from_tree(tree: Tree) -> Edition:
    """Validate plain values (no floats) as an edition.

    Raises:
        RulebookInvalidError: With every problem found.
    """
    try:
        edition = Edition.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        raise RulebookInvalidError(_shape_problems(tree, error)) from error
    problems_found = problems_of(edition)
    if problems_found:
        raise RulebookInvalidError(
            [
                {
                    "path": path_text(_without_tags(tree, problem.path)),
                    "problem": problem.problem,
                    "example": problem.example or example_for(problem.path),
                }
                for problem in problems_found[:_MAX_ERRORS]
            ]
        )
    return edition


def edition_tree(edition: Edition) -> dict[str, Any]:
    """Return the plain values of an edition, without fields that have their default."""
    return edition.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def canonical_bytes(edition: Edition) -> bytes:
    """Return the one canonical form: sorted JSON without spaces, defaults left out."""
    return canonical_json(edition_tree(edition))


def canonical_hash(edition: Edition) -> str:
    """Return the SHA-256 of the canonical form as hex; this is what goes on chain."""
    return sha256_hex(canonical_bytes(edition))


def to_yaml(edition: Edition) -> str:
    """Write an edition as YAML that reads back to the same edition."""
    return yaml.dump(
        edition_tree(edition),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )


def path_text(location: Sequence[str | int]) -> str:
    """Write a location as people do: `rules[0].tariff.rounding`."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".") or "document"


def _shape_problems(tree: Tree, error: ValidationError) -> list[dict[str, str]]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    places = [item["loc"] for item in found]
    return [
        _shape_problem(tree, item["loc"], item["msg"])
        for item in found
        # A list whose only item is wrong is reported empty as well, which would mislead.
        if item["type"] != "too_short"
        or not any(
            len(loc) > len(item["loc"]) and loc[: len(item["loc"])] == item["loc"] for loc in places
        )
    ][:_MAX_ERRORS]


def _shape_problem(tree: Tree, location: Sequence[str | int], message: str) -> dict[str, str]:
    problem = message.removeprefix("Value error, ")
    return {
        "path": path_text(_without_tags(tree, location)),
        "problem": problem[:1].lower() + problem[1:],
        "example": example_for(location),
    }


def _without_tags(tree: Tree, location: Sequence[str | int]) -> list[str | int]:
    """Drop the union tags that pydantic puts into a location: they are no keys of the document."""
    steps: list[str | int] = []
    node: Any = tree
    for position, step in enumerate(location):
        is_last = position == len(location) - 1
        is_known = isinstance(step, int) if isinstance(node, list) else _has_key(node, step)
        if is_known:
            node = node[step]
        elif not is_last or _is_tag(node, step):
            continue
        steps.append(step)
    return steps


def _has_key(node: object, step: str | int) -> bool:
    return isinstance(node, dict) and step in node


def _is_tag(node: object, step: str | int) -> bool:
    return isinstance(node, dict) and step in (node.get("type"), node.get("op"))


def _text_error(problem: str) -> RulebookInvalidError:
    return RulebookInvalidError(
        [{"path": "document", "problem": problem, "example": "schema: calanque-rulebook/1"}]
    )


class _TreeBuilder:
    """Builds plain values from parser events; no constructor of YAML's ever runs."""

    def __init__(self) -> None:
        self._root: list[Tree] = []
        self._open: list[tuple[Any, list[str]]] = []

    def build(self, text: str) -> Tree:
        documents = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _text_error("only one document is allowed")
            self._take(event)
        return self._root[0] if self._root else None

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _text_error("anchors and aliases are not allowed; write the value again")
        if getattr(event, "tag", None) not in (None, "!") or (
            isinstance(event, yaml.ScalarEvent) and event.tag == "!"
        ):
            raise _text_error("tags are not allowed")
        if isinstance(event, yaml.ScalarEvent):
            self._add_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._push({})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._push([])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()

    def _push(self, container: dict[str, Any] | list[Any]) -> None:
        self._add(container)
        if len(self._open) >= _MAX_DEPTH:
            raise _text_error(f"nested deeper than {_MAX_DEPTH} levels")
        self._open.append((container, []))

    def _add_scalar(self, event: yaml.ScalarEvent) -> None:
        text: str = event.value
        value: Tree = text
        if not event.style and text in _WORDS:
            value = _WORDS[text]
        elif not event.style and _INTEGER.fullmatch(text):
            value = int(text)
        self._add(value, key=text)

    def _add(self, value: Tree, *, key: str | None = None) -> None:
        if not self._open:
            self._root.append(value)
            return
        container, waiting = self._open[-1]
        if isinstance(container, list):
            container.append(value)
        elif waiting:
            container[waiting.pop()] = value
        elif key is None:
            raise _text_error("a key must be plain text")
        elif key in container:
            raise _text_error(f"the key {key!r} occurs twice in one place")
        else:
            waiting.append(key)


class _Dumper(yaml.CSafeDumper):
    """Writes lists of scalars and small tables on one line, without aliases."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = re.fullmatch(r"[A-Za-z_][\w ./-]*", text) and text not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


def _represent_list(dumper: _Dumper, items: list[Any]) -> yaml.SequenceNode:
    flat = all(not isinstance(item, dict | list) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flat)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(list, _represent_list)
