"""Explanation lines to plain French and English; the same lines always give the same words."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from backend.kernel.units import UNITS_PER_POINT, points_text
from backend.rulebook.evaluation import FactValue, Line
from backend.rulebook.explain_texts import COUNTED, PERIODS, SENTENCES, TARGETS

Facts = Mapping[str, FactValue]

LANGUAGES = ("fr", "en")

_FRENCH_PLURAL = 2
_DAY_S = 86_400
_DAYS_FROM = 3
_WAITS = {
    "fr": ((_DAY_S, ("jour", "jours")), (3_600, ("heure", "heures")), (60, ("minute", "minutes"))),
    "en": ((_DAY_S, ("day", "days")), (3_600, ("hour", "hours")), (60, ("minute", "minutes"))),
}

_POINT_FACTS = {
    "total": ("units",),
    "formula": ("units",),
    "per_act": ("rate", "units"),
    "per_item": ("rate", "units"),
    "per_kg": ("rate", "units"),
    "per_seat": ("rate", "units"),
    "per_km": ("rate", "units"),
    "per_km_seat": ("rate", "units"),
    "share": ("units",),
    "multiplied": ("before", "after"),
    "raised": ("before", "after"),
    "limited": ("before", "after"),
    "rounded_down": ("exact", "units"),
    "rounded_up": ("exact", "units"),
    "rounded_half_up": ("exact", "units"),
    "act_ceiling": ("before", "after"),
    "stacking": ("before", "after"),
    "cap_trimmed": ("before", "after"),
    "budget_trimmed": ("before", "after"),
    "budget_refused": ("before",),
    "cap_refused": ("before",),
    "tranche_at_once": ("units",),
    "tranche_after_seconds": ("units",),
    "tranche_on_mass_balance_or_after_days": ("units",),
}
_COUNTER_FACTS = {
    "cap_moved": ("before", "after", "max"),
    "budget_moved": ("before", "after", "max"),
    "cap_trimmed": ("used", "max"),
    "cap_refused": ("used", "max"),
    "budget_trimmed": ("used", "max"),
    "budget_refused": ("used", "max"),
}


def explain(lines: Sequence[Line], lang: str) -> list[str]:
    """Render lines as sentences for citizens.

    Args:
        lang: `fr` or `en`; anything else is rendered in French, the first language.
    """
    language = lang if lang in LANGUAGES else "fr"
    return [_sentence(line, language) for line in lines]


def _sentence(line: Line, lang: str) -> str:
    words: dict[str, str] = {key: _plain(value) for key, value in line.facts.items()}
    for key in _POINT_FACTS.get(line.code, ()):
        words[key] = _points(line.facts[key], lang)
    for key in _COUNTER_FACTS.get(line.code, ()):
        words[key] = _counted(line.facts, key, lang)
    words["title"] = _title(line.facts, lang)
    if line.code in _QUANTITIES:
        words["quantity"] = _QUANTITIES[line.code](line.facts, lang)
    if line.code == "requirement_failed":
        words["reason"] = _plain(line.facts[f"text_{lang}"])
    if "seconds" in words:
        words["wait"] = _wait(int(line.facts["seconds"] or 0), lang)
    return SENTENCES[lang][line.code].format_map(words)


def _plain(value: FactValue) -> str:
    return "" if value is None else str(value)


def _title(facts: Facts, lang: str) -> str:
    given = facts.get(f"title_{lang}")
    if given:
        return str(given)
    if "period" in facts:
        target = TARGETS[lang][str(facts["target"])]
        return f"{target}, {PERIODS[lang][str(facts['period'])]}"
    return ""


def _points(value: FactValue, lang: str) -> str:
    """Write units, whole or with exact decimals ("212.5"), as points."""
    exact = Fraction(str(value)) / UNITS_PER_POINT
    whole = exact * UNITS_PER_POINT
    if whole.denominator == 1:
        text = points_text(whole.numerator, lang=lang)
    else:
        text = _decimal(exact, lang)
    return f"{text} point{'s' if _is_plural(exact, lang) else ''}"


def _is_plural(value: Fraction, lang: str) -> bool:
    """Tell how a count is spoken: French "0,5 point", "1,5 point", English "0.5 points"."""
    return abs(value) >= _FRENCH_PLURAL if lang == "fr" else abs(value) != 1


def _decimal(value: Fraction, lang: str) -> str:
    scaled = abs(value) * 10**8
    digits = f"{int(scaled):09d}"
    text = f"{digits[:-8]}.{digits[-8:]}".rstrip("0").rstrip(".")
    sign = "-" if value < 0 else ""
    return sign + (text.replace(".", ",") if lang == "fr" else text)


def _counted(facts: Facts, key: str, lang: str) -> str:
    counted = str(facts["counted"])
    value = facts[key]
    if counted == "amount":
        return _points(value, lang)
    one, many = COUNTED[lang][counted]
    is_plural = _is_plural(Fraction(int(value or 0)), lang)
    return f"{value} {many if is_plural else one}"


def _kilos(facts: Facts, lang: str) -> str:
    return _decimal(Fraction(int(facts["quantity"] or 0), 1000), lang) + " kg"


def _kilometres(facts: Facts, lang: str) -> str:
    return _decimal(Fraction(int(facts["quantity"] or 0), 1000), lang) + " km"


_QUANTITIES: dict[str, Callable[[Facts, str], str]] = {
    "per_kg": _kilos,
    "per_km": _kilometres,
    "per_km_seat": _kilometres,
}


def _wait(seconds: int, lang: str) -> str:
    """Write a delay in the largest unit that fits; 24 and 48 hours stay hours."""
    for size, (one, many) in _WAITS[lang]:
        count, rest = divmod(seconds, size)
        if rest == 0 and (count >= _DAYS_FROM or (count > 0 and size < _DAY_S)):
            return f"{count} {one if count == 1 else many}"
    return f"{seconds} s"
