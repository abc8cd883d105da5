"""The engine: one pure function from act, rulebook and counters to amount and explanation.

This module is the whole interface of the rules for the rest of the backend.
"""

from collections.abc import Mapping
from datetime import date, tzinfo

from backend.kernel.units import TokenUnits
from backend.rulebook.act import Act, Place
from backend.rulebook.document import parse_edition
from backend.rulebook.errors import ActIncompleteError, RulebookInvalidError
from backend.rulebook.evaluation import (
    CounterKey,
    Evaluation,
    Line,
    Move,
    Outcome,
    Tranche,
)
from backend.rulebook.explain import explain
from backend.rulebook.prepared.book import AT_ONCE, PreparedRule
from backend.rulebook.prepared.caps import PreparedCap
from backend.rulebook.prepared.deciding import adds, applicable, tariff_units, titled
from backend.rulebook.prepared.spending import Spending
from backend.rulebook.rulebook import Rulebook

__all__ = [
    "Act",
    "ActIncompleteError",
    "CounterKey",
    "Evaluation",
    "Line",
    "Move",
    "Place",
    "Rulebook",
    "RulebookInvalidError",
    "TokenUnits",
    "Tranche",
    "amount_keys",
    "canonical_document",
    "counter_keys",
    "document_hash",
    "evaluate",
    "explain",
    "load",
]


def load(document: bytes | str) -> Rulebook:
    """Read, validate and prepare an edition.

    Args:
        document: YAML or JSON text, UTF-8.
    Raises:
        RulebookInvalidError: `errors` lists path, what is wrong and a valid example.
    """
    return Rulebook(parse_edition(document))


def canonical_document(rulebook: Rulebook) -> bytes:
    """Return the canonical bytes: sorted JSON, no spaces, fields at their default left out."""
    return rulebook.canonical()


def document_hash(rulebook: Rulebook) -> str:
    """Return the SHA-256 of the canonical document as 64 hex digits; this goes on chain."""
    return rulebook.hash


def counter_keys(act: Act, rulebook: Rulebook) -> tuple[CounterKey, ...]:
    """Return the counters that `evaluate` will read, in lock order.

    The order is person, station, commune, metropolis; plain sorting of keys gives the same.
    Empty when the act earns nothing whatever the counters say.

    Raises:
        ActIncompleteError: A rule asks for a fact that the act does not carry.
    """
    days: dict[tzinfo, date] = {}
    return tuple(sorted({cap.key(act, days) for cap in _caps_of(act, rulebook)}))


def amount_keys(act: Act, rulebook: Rulebook) -> frozenset[CounterKey]:
    """Return those of `counter_keys` that count units, of which a part can be given back.

    Raises:
        ActIncompleteError: A rule asks for a fact that the act does not carry.
    """
    days: dict[tzinfo, date] = {}
    caps = _caps_of(act, rulebook)
    return frozenset(cap.key(act, days) for cap in caps if cap.kind == "amount")


def _caps_of(act: Act, rulebook: Rulebook) -> list[PreparedCap]:
    book = rulebook.prepared
    rule, _ = applicable(book, act)
    if rule is None or tariff_units(rule, act, 0, None) == 0:
        return []
    caps = list(rule.caps)
    for top_up in rule.top_ups:
        if adds(top_up, act):
            caps.extend(top_up.caps)
    return caps


def evaluate(
    act: Act, rulebook: Rulebook, counters: Mapping[str, int], *, with_lines: bool = True
) -> Evaluation:
    """Compute what an act earns and why.

    Args:
        counters: Values of `counter_keys(act, rulebook)`; a missing key is 0.
        with_lines: False leaves the explanation out, for simulation.
    Returns:
        Amount, tranches, counter moves and lines. Amount 0 has no tranche; without a
        `compat` block it has no move either.
    Raises:
        ActIncompleteError: A rule asks for a fact that the act does not carry.
    """
    book = rulebook.prepared
    lines: list[Line] | None = None
    if with_lines:
        lines = [Line("edition", {"edition": book.edition_id, "hash": rulebook.hash})]
    rule, refusal = applicable(book, act)
    if refusal is not None and lines is not None:
        lines.append(refusal)
    if rule is None:
        rule_id = None if refusal is None else refusal.facts.get("rule")
        return _nothing("refused", str(rule_id) if rule_id else None, 0, lines)
    if lines is not None:
        lines.append(Line("rule", titled(rule)))
    before_caps = tariff_units(rule, act, 0, lines)
    if before_caps == 0:
        return _nothing("zero", rule.id, 0, lines)
    spending = Spending(act, counters, lines, counts_before_trimming=book.counts_before_trimming)
    paid = spending.spend(rule.caps, before_caps)
    added = 0
    if paid > 0 and rule.top_ups:
        added = _top_ups(rule, act, before_caps, book.stacking_percent, spending, lines)
    paid += added
    tranches = _tranches(rule, act, paid)
    if lines is not None:
        lines.extend(_tranche_line(part) for part in tranches)
        lines.append(Line("total", {"units": paid}))
    return Evaluation(
        TokenUnits(paid),
        before_caps,
        "zero" if paid == 0 else "paid",
        rule.id,
        tranches,
        spending.moves(),
        () if lines is None else tuple(lines),
        added,
    )


def _top_ups(
    rule: PreparedRule,
    act: Act,
    base_units: int,
    percent: int,
    spending: Spending,
    lines: list[Line] | None,
) -> int:
    """Add what communes give on top, together at most `percent` of the base."""
    room = base_units * percent // 100
    total = 0
    for top_up in rule.top_ups:
        if not adds(top_up, act):
            continue
        if lines is not None:
            lines.append(Line("top_up", titled(top_up)))
        wanted = tariff_units(top_up, act, base_units, lines)
        left = room - total
        if wanted > left:
            if lines is not None:
                facts = {"percent": percent, "before": wanted, "after": left}
                lines.append(Line("stacking", facts))
            wanted = left
        if wanted > 0:
            total += spending.spend(top_up.caps, wanted)
    return total


def _nothing(
    outcome: Outcome, rule_id: str | None, before_caps: int, lines: list[Line] | None
) -> Evaluation:
    if lines is not None:
        lines.append(Line("total", {"units": 0}))
    return Evaluation(
        TokenUnits(0),
        before_caps,
        outcome,
        rule_id,
        (),
        (),
        () if lines is None else tuple(lines),
    )


def _tranches(rule: PreparedRule, act: Act, units: int) -> tuple[Tranche, ...]:
    """Split an amount; every part is rounded down and the first takes what remains."""
    if not units:
        return ()
    parts = rule.release.get(act.proof_level, AT_ONCE)
    shares = [units * part.percent // 100 for part in parts]
    shares[0] += units - sum(shares)
    return tuple(
        Tranche(part.position, TokenUnits(share), part.release, part.seconds, part.days)
        for part, share in zip(parts, shares, strict=True)
        if share
    )


def _tranche_line(part: Tranche) -> Line:
    facts = {"index": part.index, "units": part.units, "seconds": part.seconds, "days": part.days}
    return Line(f"tranche_{part.release}", facts)
