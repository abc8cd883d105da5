"""Conditions: yes or no questions about one act, combined by all, any and not."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from backend.rulebook.schema.base import (
    Code,
    Dates,
    Level,
    Name,
    NumberFact,
    ProofLevel,
    Quantity,
    QuantityFact,
    Strict,
    Weekday,
    ZoneName,
)

_ZONE = "Clock used; the edition's own unless `compat.other_clocks` allows another."
Codes = dict[Level, Annotated[tuple[Code, ...], Field(min_length=1, max_length=5000)]]


class AllOf(Strict):
    """Holds when every condition of the list holds."""

    type: Literal["all"] = Field(description="Kind of condition.", examples=["all"])
    of: tuple["Condition", ...] = Field(
        min_length=1,
        max_length=500,
        description="Conditions.",
        examples=[[{"type": "adult", "unknown_passes": True}]],
    )


class AnyOf(Strict):
    """Holds when at least one condition of the list holds."""

    type: Literal["any"] = Field(description="Kind of condition.", examples=["any"])
    of: tuple["Condition", ...] = Field(
        min_length=1,
        max_length=500,
        description="Conditions.",
        examples=[[{"type": "class_in", "classes": ["B", "C"]}]],
    )


class Not(Strict):
    """Holds when the condition does not."""

    type: Literal["not"] = Field(description="Kind of condition.", examples=["not"])
    of: "Condition" = Field(
        description="Condition.", examples=[{"type": "weekday_in", "days": ["sunday"]}]
    )


class Instant(Strict):
    """Compares the instant of the act."""

    type: Literal["instant"] = Field(description="Kind of condition.", examples=["instant"])
    from_: AwareDatetime | None = Field(
        default=None,
        alias="from",
        description="First instant, inclusive.",
        examples=["2026-09-01T00:00:00+02:00"],
    )
    before: AwareDatetime | None = Field(
        default=None,
        description="End, exclusive.",
        examples=["2027-01-01T00:00:00+01:00"],
    )


class DateRange(Strict):
    """Compares the calendar day of the act; both ends are inclusive."""

    type: Literal["date"] = Field(description="Kind of condition.", examples=["date"])
    from_: date | None = Field(
        default=None, alias="from", description="First day, inclusive.", examples=["2026-09-01"]
    )
    to: date | None = Field(
        default=None, description="Last day, inclusive.", examples=["2026-12-31"]
    )
    time_zone: ZoneName | None = Field(default=None, description=_ZONE, examples=["Europe/Paris"])


class DateIn(Strict):
    """Holds on listed days."""

    type: Literal["date_in"] = Field(description="Kind of condition.", examples=["date_in"])
    dates: Dates = Field(default=(), description="Listed days.", examples=[["2026-06-21"]])
    date_list: Name | None = Field(
        default=None,
        description="Name of a list under `date_lists`, instead of `dates`.",
        examples=["pollution-days"],
    )
    time_zone: ZoneName | None = Field(default=None, description=_ZONE, examples=["Europe/Paris"])


class WeekdayIn(Strict):
    """Holds on listed days of the week."""

    type: Literal["weekday_in"] = Field(description="Kind of condition.", examples=["weekday_in"])
    days: tuple[Weekday, ...] = Field(
        min_length=1, max_length=7, description="Days.", examples=[["saturday", "sunday"]]
    )
    time_zone: ZoneName | None = Field(default=None, description=_ZONE, examples=["Europe/Paris"])


_HOUR = r"^([01]\d|2[0-3]):[0-5]\d$"


class Hours(Strict):
    """Holds between two local times of day; a `before` not later than `from` passes midnight."""

    type: Literal["hours"] = Field(description="Kind of condition.", examples=["hours"])
    from_: str = Field(
        alias="from", pattern=_HOUR, description="First minute, inclusive.", examples=["07:00"]
    )
    before: str = Field(pattern=_HOUR, description="End, exclusive.", examples=["09:30"])
    time_zone: ZoneName | None = Field(default=None, description=_ZONE, examples=["Europe/Paris"])


class Processed(Strict):
    """Looks at the day of computation, not of the act; only with `compat.processing_date`."""

    type: Literal["processed"] = Field(description="Kind of condition.", examples=["processed"])
    from_: date = Field(alias="from", description="First day, inclusive.", examples=["2023-04-15"])


class OperatorSpan(Strict):
    """Who may attest from an instant on."""

    from_: AwareDatetime | None = Field(
        default=None,
        alias="from",
        description="First instant, inclusive; empty = always.",
        examples=["2026-01-01T00:00:00+01:00"],
    )
    allowed: tuple[Code, ...] = Field(
        max_length=500, description="Operators allowed.", examples=[["rtm", "levelo"]]
    )


class OperatorIn(Strict):
    """The last span that has begun names the operators allowed; nobody before the first."""

    type: Literal["operator_in"] = Field(description="Kind of condition.", examples=["operator_in"])
    timeline: tuple[OperatorSpan, ...] = Field(
        min_length=1,
        max_length=200,
        description="Spans in order of time.",
        examples=[[{"allowed": ["rtm"]}]],
    )

    @model_validator(mode="after")
    def _in_order(self) -> "OperatorIn":
        starts = [span.from_ for span in self.timeline]
        known = [start for start in starts if start is not None]
        if None in starts[1:] or known != sorted(known):
            msg = "spans must follow each other in time, only the first may lack `from`"
            raise ValueError(msg)
        return self


class ClassIn(Strict):
    """Holds for listed evidence classes of the carpool register."""

    type: Literal["class_in"] = Field(description="Kind of condition.", examples=["class_in"])
    classes: tuple[Code, ...] = Field(
        min_length=1, max_length=26, description="Evidence classes.", examples=[["B", "C"]]
    )


class Measure(Strict):
    """Compares a quantity with named bounds."""

    type: Literal["measure"] = Field(description="Kind of condition.", examples=["measure"])
    fact: QuantityFact = Field(description="Quantity compared.", examples=["distance_m"])
    at_least: Quantity | None = Field(
        default=None, description="Lower bound, inclusive.", examples=[2000]
    )
    less_than: Quantity | None = Field(
        default=None, description="Upper bound, exclusive.", examples=[80000]
    )
    at_most: Quantity | None = Field(
        default=None, description="Upper bound, inclusive.", examples=[80000]
    )


class Adult(Strict):
    """Holds when the passenger is an adult."""

    type: Literal["adult"] = Field(description="Kind of condition.", examples=["adult"])
    unknown_passes: bool = Field(description="Whether an unknown age is accepted.", examples=[True])


class PersonTag(Strict):
    """Holds when the person carries a tag."""

    type: Literal["person_tag"] = Field(description="Kind of condition.", examples=["person_tag"])
    tag: Name = Field(description="Tag.", examples=["solidarity"])


Which = Literal["start", "end", "both", "either"]


class PlaceIn(Strict):
    """Holds when places of the act lie in codes or in a named area.

    A place matches codes when the code of at least one level is listed. With `both`, the two
    ends may match different codes.
    """

    type: Literal["place_in"] = Field(description="Kind of condition.", examples=["place_in"])
    which: Which = Field(
        description="Which ends must match; a deposit has only a start.", examples=["start"]
    )
    codes: Codes | None = Field(
        default=None, description="Codes per level.", examples=[{"commune": ["13055"]}]
    )
    area: Name | None = Field(
        default=None,
        description="Name of an area under `areas`, instead of `codes`.",
        examples=["metropolis"],
    )


class SameCode(Strict):
    """Holds when both ends have the same code of a level; two unknown codes are the same."""

    type: Literal["same_code"] = Field(description="Kind of condition.", examples=["same_code"])
    level: Level = Field(description="Level compared.", examples=["aom"])


class FactIsZero(Strict):
    """Holds when a number is zero or missing."""

    type: Literal["fact_is_zero"] = Field(
        description="Kind of condition.", examples=["fact_is_zero"]
    )
    fact: NumberFact = Field(
        description="Number looked at.", examples=["passenger_contribution_units"]
    )


class MaterialIn(Strict):
    """Holds for listed materials."""

    type: Literal["material_in"] = Field(description="Kind of condition.", examples=["material_in"])
    materials: tuple[Code, ...] = Field(
        min_length=1, max_length=100, description="Materials.", examples=[["glass"]]
    )


class ModeIn(Strict):
    """Holds for listed ways to travel."""

    type: Literal["mode_in"] = Field(description="Kind of condition.", examples=["mode_in"])
    modes: tuple[Code, ...] = Field(
        min_length=1, max_length=100, description="Ways to travel.", examples=[["bus", "tram"]]
    )


class ProofLevelIn(Strict):
    """Holds for listed proof levels."""

    type: Literal["proof_level_in"] = Field(
        description="Kind of condition.", examples=["proof_level_in"]
    )
    levels: tuple[ProofLevel, ...] = Field(
        min_length=1, max_length=4, description="Proof levels.", examples=[["P2", "P3"]]
    )


Condition = Annotated[
    AllOf
    | AnyOf
    | Not
    | Instant
    | DateRange
    | DateIn
    | WeekdayIn
    | Hours
    | Processed
    | OperatorIn
    | ClassIn
    | Measure
    | Adult
    | PersonTag
    | PlaceIn
    | SameCode
    | FactIsZero
    | MaterialIn
    | ModeIn
    | ProofLevelIn,
    Field(discriminator="type"),
]
"""Any condition; `type` says which."""

for _model in (AllOf, AnyOf, Not):
    _model.model_rebuild()
