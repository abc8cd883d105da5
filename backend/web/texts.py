"""Texts of the pages: one catalogue per language, and the formats of numbers and dates."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal

from backend.kernel.units import euro_text as euro_text  # noqa: PLC0414 - pages find it here
from backend.kernel.units import points_text

LANGUAGES = ("fr", "en")
"""French is the first language: it is the fallback everywhere."""
ZONE = ZoneInfo("Europe/Paris")
"""People of the metropolis read local time, whatever their phone says."""

_FOLDER = Path(__file__).parent / "i18n"
_LOCALES = {"fr": "fr_FR", "en": "en_GB"}
_MONTH_DAY = {"fr": "EEEE d MMMM", "en": "EEEE d MMMM"}
_INSTANT = {"fr": "d MMM y 'à' HH:mm", "en": "d MMM y 'at' HH:mm"}

Translate = Callable[..., str]


@lru_cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return key → text of a language.

    Raises:
        FileNotFoundError: There is no such language.
    """
    found: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def choose_language(wanted: str | None, accept_language: str) -> str:
    """Return the language of a page.

    Args:
        wanted: What the visitor chose before, if anything.
        accept_language: The header of the browser.
    """
    if wanted in LANGUAGES:
        return str(wanted)
    for part in accept_language.split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return LANGUAGES[0]


def has(language: str, key: str) -> bool:
    """Tell whether a text exists."""
    return key in catalogue(language)


def translate(language: str, key: str, **facts: object) -> str:
    """Return a text with its facts filled in.

    A fact `n` picks between `key.one` and `key.other` when the catalogue has them:
    French counts zero as one, English does not.

    Raises:
        KeyError: The catalogue has no such text.
    """
    texts = catalogue(language)
    count = facts.get("n")
    if isinstance(count, int) and f"{key}.other" in texts:
        is_one = abs(count) <= 1 if language == "fr" else count == 1
        key = f"{key}.one" if is_one else f"{key}.other"
    return texts[key].format(**facts)


def first_of(language: str, *keys: str) -> str:
    """Return the first text that exists.

    Raises:
        KeyError: None of the keys exists.
    """
    texts = catalogue(language)
    for key in keys:
        if key in texts:
            return texts[key]
    raise KeyError(keys)


def formats(language: str) -> dict[str, Callable[..., str]]:
    """Return the filters of a language's templates."""
    locale = _LOCALES[language]

    def local(at: datetime) -> datetime:
        return at.astimezone(ZONE)

    return {
        "points": lambda units: points_text(units, lang=language),
        "signed_points": lambda units: signed_points(units, language),
        "euro": lambda cents: euro_text(cents, lang=language),
        "km": lambda metres: f"{format_decimal(_two_digits_km(metres), locale=locale)}\u00a0km",
        "grams": lambda grams: mass_text(grams, locale),
        "number": lambda count: format_decimal(count, locale=locale),
        "day": lambda day: format_date(day, _MONTH_DAY[language], locale=locale),
        "month": lambda day: format_date(day, "MMMM y", locale=locale),
        "instant": lambda at: format_datetime(local(at), _INSTANT[language], locale=locale),
        "clock_time": lambda at: format_time(local(at), "HH:mm", locale=locale),
        "iso": lambda at: at.isoformat(),
    }


def _two_digits_km(metres: int) -> Decimal:
    """Return kilometres with one decimal below 100 km, none above."""
    places = "0.1" if metres < 100_000 else "1"  # noqa: PLR2004 - metres
    return (Decimal(metres) / 1000).quantize(Decimal(places), rounding=ROUND_DOWN)


def mass_text(grams: int, locale: str) -> str:
    """Write an estimated mass with two significant digits: "470 g", "1,2 kg"."""
    digits = max(len(str(grams)) - 2, 0)
    rounded = grams // 10**digits * 10**digits
    if rounded < 1000:  # noqa: PLR2004 - grams in a kilogram
        return f"{rounded}\u00a0g"
    return f"{format_decimal(Decimal(rounded) / 1000, locale=locale)}\u00a0kg"


def day_before(at: datetime) -> date:
    """Return the last day that counts of what ends at an instant, at midnight as a rule."""
    return local_day(at - timedelta(microseconds=1))


def local_day(at: datetime) -> date:
    """Return the day an instant falls on for people of the metropolis."""
    return at.astimezone(ZONE).date()


def signed_points(units: int, language: str) -> str:
    """Write units as points with their sign, with a true minus: "+12,5", "−3"."""
    text = points_text(abs(units), lang=language)
    return f"−{text}" if units < 0 else f"+{text}"
