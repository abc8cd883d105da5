"""Caps and budgets: the limits that no sum of acts can pass."""

from typing import Annotated, Literal

from pydantic import Field

from backend.rulebook.schema.base import MAX_UNITS, Name, Strict, Text, Units, ZoneName

Target = Literal[
    "person",
    "driver",
    "passenger",
    "operator_trip",
    "station",
    "merchant",
    "operator",
    "commune",
    "metropolis",
]
Counted = Literal["amount", "acts", "seats", "items", "mass_g", "distance_m"]
Period = Literal["day", "week", "month", "year", "all"]
Owner = Annotated[str, Field(pattern=r"^(metropolis|\d[\dAB]\d{3})$")]


class Cap(Strict):
    """A limit per target and calendar period, in the act's local calendar.

    An amount is trimmed to what is left; acts and quantities that would pass the limit are paid
    nothing. Counters move by what is paid and nothing else (unless `compat` says otherwise).
    """

    id: Name = Field(description="Name of the cap, also of its counter.", examples=["glass-day"])
    order: int = Field(
        ge=0, le=10_000, description="Caps apply in rising order; equal: as written.", examples=[10]
    )
    title: Text | None = Field(
        default=None,
        description="Words for the explanation.",
        examples=[{"fr": "5 dépôts par jour", "en": "5 deposits a day"}],
    )
    rules: tuple[Name, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Rules it limits together; empty = all.",
        examples=[["glass"]],
    )
    target: Target = Field(description="Whose counter.", examples=["person"])
    counter: Counted = Field(description="What is counted.", examples=["amount"])
    period: Period = Field(description="Calendar period; `all` never restarts.", examples=["day"])
    max: Annotated[int, Field(ge=0, le=MAX_UNITS)] | None = Field(
        description="Limit, inclusive; empty = set at run time, only with "
        "`compat.budget_at_run_time`.",
        examples=[1000],
    )
    counter_name: Name | None = Field(
        default=None,
        description="Counter shared by caps of the same name; empty = the cap's own.",
        examples=["driver-trips-day"],
    )
    time_zone: ZoneName | None = Field(
        default=None,
        description="Calendar used; the edition's own unless `compat.other_clocks`.",
        examples=["Europe/Paris"],
    )


class Budget(Strict):
    """Money set aside by the metropolis or a commune; never exceeded."""

    id: Name = Field(
        description="Name of the budget, also of its counter.", examples=["metropolis"]
    )
    owner: Owner = Field(
        description="`metropolis` or the INSEE code of the commune that pays.", examples=["13055"]
    )
    title: Text = Field(
        description="Words for the explanation.",
        examples=[{"fr": "Budget de la Métropole", "en": "Budget of the metropolis"}],
    )
    period: Period = Field(description="Calendar period of the budget.", examples=["year"])
    max_units: Units = Field(description="Units available per period.", examples=[500_000_000])
    when_exhausted: Literal["pay_remainder", "refuse"] = Field(
        default="pay_remainder",
        description="Whether the last act gets what is left, or nothing.",
        examples=["pay_remainder"],
    )
