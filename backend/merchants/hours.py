"""Opening hours of a week: what people type, what is kept, what people read. Pure."""

import re
from collections.abc import Sequence

DAYS = 7
SPANS_MAX = 3
"""Morning, afternoon and evening."""
DAY_MINUTES = 24 * 60
_CLOCK = r"([0-2]?[0-9])(?:[:hH]([0-5][0-9])?)?"
_SPAN = re.compile(rf"{_CLOCK}-{_CLOCK}", re.ASCII)

Spans = list[tuple[int, int]]
"""Minutes since midnight: open from, and until before."""


def parse_day(text: str) -> Spans | None:
    """Read the hours of one day, for example "8:30-12:30, 14h-19h"; empty is closed.

    Returns:
        Spans in order, `None` when the text is no hours, or they overlap or run backwards.

    >>> parse_day("8:30-12:30, 14h-19h")
    [(510, 750), (840, 1140)]
    """
    tidy = "".join(text.split()).replace("–", "-")
    spans: Spans = []
    for part in tidy.split(",") if tidy else ():
        found = _SPAN.fullmatch(part)
        if found is None:
            return None
        hour, minute, to_hour, to_minute = (int(digits or 0) for digits in found.groups())
        start, end = hour * 60 + minute, to_hour * 60 + to_minute
        if not (spans[-1][1] if spans else 0) <= start < end <= DAY_MINUTES:
            return None
        spans.append((start, end))
    return spans if len(spans) <= SPANS_MAX else None


def day_text(spans: Sequence[Sequence[int]]) -> str:
    """Write the hours of one day as they are typed; empty when it is closed.

    >>> day_text([(510, 750), (840, 1140)])
    '8:30-12:30, 14:00-19:00'
    """
    return ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in spans)


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
