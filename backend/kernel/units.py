"""The one unit of points: 1 point = 100 units, everywhere, always an integer."""

from typing import NewType

TokenUnits = NewType("TokenUnits", int)

UNITS_PER_POINT = 100
"""Decimals of EcoToken: 2 (docs/architecture.md, contracts)."""


def points_text(units: int, *, lang: str = "fr") -> str:
    """Write units as points for people, without trailing zeros: 1250 → "12,5" or "12.5".

    Args:
        units: Amount in units, may be negative.
        lang: "fr" (comma, narrow no-break space) or "en" (point, comma).
    """
    sign = "-" if units < 0 else ""
    whole, cents = divmod(abs(units), UNITS_PER_POINT)
    thousands, decimal = ("\u202f", ",") if lang == "fr" else (",", ".")
    text = f"{whole:,}".replace(",", thousands)
    fraction = f"{cents:02d}".rstrip("0")
    return sign + (f"{text}{decimal}{fraction}" if fraction else text)


def euro_text(cents: int, lang: str = "fr") -> str:
    """Write euro cents as people do: "1 234,50 €" or "€1,234.50".

    Args:
        cents: Amount in euro cents, may be negative.
        lang: "fr" (comma, narrow no-break space) or "en" (point, comma).
    """
    whole, rest = divmod(abs(cents), 100)
    sign = "−" if cents < 0 else ""
    digits = f"{whole:,}"
    if lang == "fr":
        return f"{sign}{digits.replace(',', chr(0x202F))},{rest:02d}\u00a0€"
    return f"{sign}€{digits}.{rest:02d}"
