"""Builders: small editions and acts; a test states only what matters to it."""

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.rulebook import engine
from backend.rulebook.document import edition_from_tree, read_tree
from backend.rulebook.engine import Act, Rulebook
from backend.rulebook.rulebook import Rulebook as Book

EDITIONS = Path(__file__).parents[3] / "backend" / "rulebook" / "editions"
DATA = Path(__file__).parent / "data"
SATURDAY_NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def edition_text(name: str) -> bytes:
    return (EDITIONS / f"{name}.yaml").read_bytes()


def amp(number: int = 1) -> Rulebook:
    return engine.load(edition_text(f"amp-2026-{number}"))


def amp_tree() -> dict[str, Any]:
    tree = read_tree(edition_text("amp-2026-1"))
    assert isinstance(tree, dict)
    return tree


def make_act(**facts: Any) -> Act:
    given: dict[str, Any] = {
        "kind": "recycling",
        "material": "glass",
        "count": 1,
        "person_ref": "alice",
        "occurred_at": SATURDAY_NOON,
    }
    return Act(**(given | facts))


def small_tree(**parts: Any) -> dict[str, Any]:
    """One rule, 100 units per act, a large budget, no cap."""
    tree: dict[str, Any] = {
        "schema": "calanque-rulebook/1",
        "edition": {
            "id": "small-1",
            "series": "small",
            "number": 1,
            "title": {"fr": "Petit", "en": "Small"},
        },
        "time_zone": "Europe/Paris",
        "validity": {
            "from": "2020-01-01T00:00:00+01:00",
            "before": "2040-01-01T00:00:00+01:00",
        },
        "rules": [small_rule()],
        "budgets": [
            {
                "id": "metropolis",
                "owner": "metropolis",
                "title": {"fr": "Métropole", "en": "Metropolis"},
                "period": "all",
                "max_units": 1_000_000_000,
            }
        ],
    }
    return copy.deepcopy(tree | parts)


def small_rule(**parts: Any) -> dict[str, Any]:
    rule = {
        "id": "glass",
        "title": {"fr": "Verre", "en": "Glass"},
        "acts": {"kind": "recycling", "proof_levels": ["P1", "P2", "P3"]},
        "tariff": {"variants": [{"tiers": [{"pay": [fixed(100)]}]}]},
        "max_units_per_act": 1_000_000,
        "budget": "metropolis",
    }
    return rule | parts


def fixed(units: int | str, per: str = "act") -> dict[str, Any]:
    return {"type": "fixed", "units": units, "per": per}


def cap(name: str = "day", **parts: Any) -> dict[str, Any]:
    return {
        "id": name,
        "order": 1,
        "target": "person",
        "counter": "amount",
        "period": "day",
        "max": 250,
    } | parts


def book(**parts: Any) -> Rulebook:
    return Book(edition_from_tree(small_tree(**parts)))


def pay(act: Act, rulebook: Rulebook, counters: dict[str, int]) -> int:
    """Evaluate and move the counters, as the service does."""
    result = engine.evaluate(act, rulebook, counters)
    for move in result.moves:
        counters[move.key] = counters.get(move.key, 0) + move.delta
    return result.amount_units
