"""Simulation by the plain engine: one act after the other, as in service."""

import numpy as np

from backend.rulebook.engine import evaluate
from backend.rulebook.rulebook import Rulebook
from backend.rulebook.simulation.outcome import Outcomes
from backend.rulebook.simulation.table import ActTable


def simulate_plain(rulebook: Rulebook, table: ActTable) -> Outcomes:
    """Evaluate every act in order with counters that start at zero.

    Raises:
        ActIncompleteError: An act lacks a fact that its rule asks for.
    """
    counters: dict[str, int] = {}
    paid = np.zeros(len(table), dtype=np.int64)
    before = np.zeros(len(table), dtype=np.int64)
    added = np.zeros(len(table), dtype=np.int64)
    rules = np.full(len(table), -1, dtype=np.int32)
    numbers = {rule.id: at for at, rule in enumerate(rulebook.edition.rules)}
    for row, act in enumerate(table.acts()):
        result = evaluate(act, rulebook, counters, with_lines=False)
        paid[row] = result.amount_units
        before[row] = result.before_caps_units
        added[row] = result.top_up_units
        if result.rule_id is not None and result.outcome != "refused":
            rules[row] = numbers[result.rule_id]
        for key, delta in result.moves:
            counters[key] = counters.get(key, 0) + delta
    return Outcomes(paid, before, rules, added)
