"""Deciding: which rule is about an act, whether it is met, what its tariff gives."""

from backend.rulebook.act import Act
from backend.rulebook.evaluation import FactValue, Line
from backend.rulebook.prepared.book import PreparedBook, PreparedCheck, PreparedRule, failed_check


def applicable(book: PreparedBook, act: Act) -> tuple[PreparedRule | None, Line | None]:
    """Return the rule that decides, or the line that says why none does."""
    if not book.is_in_force(act.occurred_at):
        return None, Line("not_in_force", {"at": act.occurred_at.isoformat()})
    rule = book.rule_for(act)
    if rule is None:
        code = "declared_only" if act.proof_level == "P0" else "no_rule"
        subject = act.material or act.mode or act.kind
        return None, Line(code, {"subject": subject, "proof_level": act.proof_level})
    failed = failed_check(book.checks, act) or failed_check(rule.checks, act)
    if failed is not None:
        return None, _refusal(rule, failed)
    return rule, None


def tariff_units(rule: PreparedRule, act: Act, base_units: int, lines: list[Line] | None) -> int:
    """Return whole units before caps: the tariff, then the maximum per act."""
    units = rule.tariff.amount(act, base_units, lines)
    ceiling = rule.max_units_per_act
    if ceiling is not None and units > ceiling:
        if lines is not None:
            lines.append(Line("act_ceiling", {"before": units, "after": ceiling}))
        return ceiling
    return units


def adds(top_up: PreparedRule, act: Act) -> bool:
    """Tell whether a top-up is about an act and met by it."""
    return top_up.accepts(act) and failed_check(top_up.checks, act) is None


def titled(rule: PreparedRule) -> dict[str, FactValue]:
    """Return the facts that name a rule in an explanation."""
    return {"rule": rule.id, "title_fr": rule.title.fr, "title_en": rule.title.en}


def _refusal(rule: PreparedRule, failed: PreparedCheck) -> Line:
    words = {"text_fr": failed.text.fr, "text_en": failed.text.en}
    return Line("requirement_failed", titled(rule) | {"check": failed.id} | words)
