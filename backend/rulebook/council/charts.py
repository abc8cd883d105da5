"""Pictures of a comparison as SVG: no script, no style attribute, words for who cannot see them.

Colours are attributes with classes beside them, so that a page may recolour what a paper prints.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from backend.kernel.units import points_text
from backend.rulebook.council.figures import Figures
from backend.rulebook.council.words import place_name, words_of

BEFORE, AFTER, RISE, FALL, INK, LINE = (
    "#8a7a5c", "#0c6d77", "#0c6d77", "#9c3018", "#10293a", "#dfd5c3",
)  # fmt: skip
WIDTH = 720
_TICKS = 4
_ROW = 26
_LABEL = 210


@dataclass(frozen=True)
class Bar:
    """A bar of a picture; `before_units` is 0 where there is one bar only."""

    name: str
    before_units: int
    after_units: int


def months_chart(figures: Figures, lang: str) -> str:
    """Draw two bars a month and mark the months in which a budget of the draft runs out."""
    words = words_of(lang)
    bars = [
        Bar(name, row["before_units"], row["after_units"])
        for name, row in sorted(figures["by_month"].items())
    ]
    ends = {
        budget["exhausted_at"][:7]
        for budget in figures["after"]["budgets"]
        if budget["exhausted_at"]
    }
    top, bottom, left = 34, 250, 74
    largest = max((max(bar.before_units, bar.after_units) for bar in bars), default=0) or 1
    parts = [*_legend(words["before"], words["after"], left)]
    for tick in range(_TICKS + 1):
        y = bottom - (bottom - top) * tick // _TICKS
        value = points_text(largest * tick // _TICKS // 100 * 100, lang=lang)
        parts.append(_line(left, y, WIDTH, y))
        parts.append(_text(left - 8, y + 4, value, anchor="end"))
    step = (WIDTH - left) // max(len(bars), 1)
    width = max(min(step * 2 // 5, 40), 2)
    for at, bar in enumerate(bars):
        x = left + step * at + (step - 2 * width) // 2
        for shift, units, colour, kind in (
            (0, bar.before_units, BEFORE, "before"),
            (width, bar.after_units, AFTER, "after"),
        ):
            height = max((bottom - top) * units // largest, 0)
            parts.append(_rect(x + shift, bottom - height, width, height, colour, kind))
        parts.append(_text(x + width, bottom + 18, bar.name[2:], anchor="middle"))
        if bar.name in ends:
            parts.append(_text(x + width, bottom + 34, words["chart_exhausted"], anchor="middle"))
    return _svg(words["by_month"], words["chart_month"], bottom + 44, parts)


def places_chart(rows: Sequence[Figures], title: str, lang: str) -> str:
    """Draw the difference of each place as a bar to the right or to the left."""
    words = words_of(lang)
    bars = [
        (place_name(row["name"], words), row["after_units"] - row["before_units"]) for row in rows
    ]
    largest = max((abs(units) for _, units in bars), default=0) or 1
    falls = any(units < 0 for _, units in bars)
    middle = _LABEL + (WIDTH - _LABEL) // 2 if falls else _LABEL
    room = WIDTH - middle - 80
    height = _ROW * len(bars) + 16
    parts = [_line(middle, 4, middle, height - 8)]
    for at, (name, units) in enumerate(bars):
        y = 8 + _ROW * at
        length = max(abs(units) * room // largest, 1)
        x = middle if units >= 0 else middle - length
        colour, kind = (RISE, "rise") if units >= 0 else (FALL, "fall")
        parts.append(_text(0, y + 14, _short(name)))
        parts.append(_rect(x, y + 2, length, _ROW - 10, colour, kind))
        sign = "+" if units > 0 else ""
        value = f"{sign}{points_text(units, lang=lang)}"
        if units >= 0:
            parts.append(_text(x + length + 6, y + 14, value))
        else:
            parts.append(_text(x - 6, y + 14, value, anchor="end"))
    return _svg(title, words["chart_place"], height, parts)


def _legend(before: str, after: str, left: int) -> list[str]:
    return [
        _rect(left, 8, 12, 12, BEFORE, "before"),
        _text(left + 18, 18, before),
        _rect(left + 150, 8, 12, 12, AFTER, "after"),
        _text(left + 168, 18, after),
    ]


def _short(name: str, limit: int = 32) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


def _rect(x: int, y: int, width: int, height: int, colour: str, kind: str) -> str:
    return (
        f'<rect class="chart-{kind}" x="{x}" y="{y}" width="{width}" height="{height}" '
        f'rx="2" fill="{colour}"/>'
    )


def _line(x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<line class="chart-line" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{LINE}"/>'


def _text(x: int, y: int, text: str, anchor: str = "start") -> str:
    return (
        f'<text class="chart-text" x="{x}" y="{y}" font-size="12" fill="{INK}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _svg(title: str, description: str, height: int, parts: Sequence[str]) -> str:
    label = escape(f"{title}. {description}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{label}" '
        f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="Atkinson, DejaVu Sans, Libertinus Serif, sans-serif">{"".join(parts)}</svg>'
    )
