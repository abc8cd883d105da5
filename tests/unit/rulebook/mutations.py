"""Breaks documents at random: values swapped, keys renamed, parts dropped, doubled or moved."""

import copy
import random
from typing import Any

_STRANGE: list[Any] = [
    None, True, -1, 0, 10**30, 2**63, "", "x", "1e9", "-5", "nan", [], {}, [[]], {"type": "all"},
    "2026-13-45", "Europe/Nowhere", "\ud800", "P0", "all", 0.5, float("inf"), ["a"] * 3,
]  # fmt: skip


def mutated(tree: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return a copy of a document with one to three changes."""
    chance = random.Random(seed)
    found = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 3)):
        nodes = list(_containers(found))
        node = chance.choice(nodes)
        if not node:
            continue
        _change(node, chance, nodes)
    return found


def _containers(node: Any) -> Any:
    if isinstance(node, dict | list):
        yield node
        for child in node.values() if isinstance(node, dict) else node:
            yield from _containers(child)


def _change(node: Any, chance: random.Random, nodes: list[Any]) -> None:
    key = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
    match chance.randint(0, 4):
        case 0:
            node[key] = copy.deepcopy(chance.choice(_STRANGE))
        case 1:
            del node[key]
        case 2:
            node[key] = copy.deepcopy(chance.choice(nodes))
        case 3 if isinstance(node, dict):
            node[chance.choice(["units", "max", "type", "when", "extra", "from"])] = node.pop(key)
        case _:
            if isinstance(node[key], int) and not isinstance(node[key], bool):
                node[key] = node[key] * chance.choice([-1, 0, 10, 10**6]) + chance.randint(-1, 1)
            elif isinstance(node, list):
                node.append(copy.deepcopy(node[key]))
