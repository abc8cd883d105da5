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
