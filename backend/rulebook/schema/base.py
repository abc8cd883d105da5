"""Exact scalar types and the strict base model that every part of the language shares."""

import re
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

MAX_UNITS = 2**48 - 1
"""Largest amount a reward word can carry (48 bits, docs/architecture.md)."""

MAX_QUANTITY = 10**12
"""Largest quantity (metres, grams, seconds) a rule may name; far above any act."""

_EXACT = re.compile(r"-?\d{1,15}(\.\d{1,40})?")


class Strict(BaseModel):
    """Immutable, no unknown keys, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def parse_exact(value: object) -> Fraction:
    """Read an integer or a plain decimal ("12.5") exactly.

    Raises:
        ValueError: Anything else: floats, exponents, infinities, booleans.
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and _EXACT.fullmatch(value):
        return Fraction(value)
    msg = "must be an integer or a plain decimal such as 12.5"
    raise ValueError(msg)


def exact_text(value: Fraction) -> int | str:
    """Write an exact number back: an integer when whole, else the shortest decimal text."""
    if value.denominator == 1:
        return value.numerator
    with localcontext() as context:
        context.prec = 80
        text = format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    return text.rstrip("0")


Exact = Annotated[
    Fraction,
    PlainValidator(parse_exact),
    PlainSerializer(exact_text, when_used="always"),
    WithJsonSchema(
        {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": f"^{_EXACT.pattern}$"}]}
    ),
]
"""An exact number: integer or plain decimal."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        msg = f"{name!r} is no IANA time zone"
        raise ValueError(msg) from problem
    return name


ZoneName = Annotated[str, Field(max_length=64), AfterValidator(_known_zone)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,79}$")]
Code = Annotated[str, Field(min_length=1, max_length=80)]
Level = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,19}$")]
Units = Annotated[int, Field(ge=0, le=MAX_UNITS)]
Quantity = Annotated[int, Field(ge=0, le=MAX_QUANTITY)]
ProofLevel = Literal["P0", "P1", "P2", "P3"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
QuantityFact = Literal["count", "mass_g", "distance_m", "duration_s", "seats"]
NumberFact = Literal[
    "count",
    "mass_g",
    "distance_m",
    "duration_s",
    "seats",
    "driver_revenue_units",
    "passenger_contribution_units",
]
Dates = Annotated[tuple[date, ...], Field(max_length=2000)]


class Text(Strict):
    """One sentence or title for people, in both languages."""

    fr: str = Field(
        min_length=1, max_length=500, description="French text.", examples=["Verre déposé"]
    )
    en: str = Field(
        min_length=1, max_length=500, description="English text.", examples=["Glass deposited"]
    )
