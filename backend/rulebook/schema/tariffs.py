"""Tariffs: how many units an act is worth before any cap."""

from typing import Annotated, Literal

from pydantic import Field

from backend.rulebook.schema.base import (
    Exact,
    Name,
    NumberFact,
    Quantity,
    QuantityFact,
    Strict,
    Units,
)
from backend.rulebook.schema.conditions import Condition

Per = Literal["act", "item", "kg", "seat"]


class Fixed(Strict):
    """Pays a fixed number of units per act, item, kilogram or seat."""

    type: Literal["fixed"] = Field(description="Kind of component.", examples=["fixed"])
    units: Exact = Field(description="Units paid; exact decimal.", examples=[200])
    per: Per = Field(
        description="What it is multiplied by: nothing, `count`, `mass_g`/1000, `seats`.",
        examples=["item"],
    )


class PerKm(Strict):
    """Pays per kilometre between two distances, not rounded.

    The amount is `units_per_km * (min(distance_m, to_m) - from_m) / 1000`, then at most
    `max_units`, then times the seats when `per` is `seat`.
    """

    type: Literal["per_km"] = Field(description="Kind of component.", examples=["per_km"])
    units_per_km: Exact = Field(description="Units for each kilometre.", examples=["12.5"])
    from_m: Quantity = Field(
        default=0, description="Distance in metres that is not paid.", examples=[2000]
    )
    to_m: Quantity | None = Field(
        default=None, description="Distance in metres beyond which nothing more is paid.",
        examples=[30000],
    )  # fmt: skip
    max_units: Exact | None = Field(
        default=None, description="Ceiling of this component before seats.", examples=[125]
    )
    per: Literal["act", "seat"] = Field(
        default="act", description="Whether it is multiplied by the seats.", examples=["seat"]
    )


class ShareOfBase(Strict):
    """Pays a percentage of the base amount before caps; only in a rule with `tops_up`."""

    type: Literal["share_of_base"] = Field(
        description="Kind of component.", examples=["share_of_base"]
    )
    percent: Exact = Field(description="Percentage, exact decimal.", examples=[20])


Component = Annotated[Fixed | PerKm | ShareOfBase, Field(discriminator="type")]


class Tier(Strict):
    """A span of the measured quantity and what it pays."""

    from_: Quantity = Field(
        default=0, alias="from", description="Start of the span, inclusive.", examples=[2000]
    )
    below: Quantity | None = Field(
        default=None,
        description="End, exclusive. A condition in mode `single_tier`, information in mode "
        "`sum_of_reached_tiers`.",
        examples=[15000],
    )
    pay: tuple[Component, ...] = Field(
        max_length=20,
        description="Components, added up.",
        examples=[[{"type": "fixed", "units": 200, "per": "item"}]],
    )


class Variant(Strict):
    """Tiers that count when a condition holds; the first variant that holds is taken."""

    id: Name | None = Field(
        default=None, description="Name shown in explanations.", examples=["strike-day"]
    )
    when: Condition | None = Field(
        default=None,
        description="Condition; empty = always.",
        examples=[{"type": "weekday_in", "days": ["sunday"]}],
    )
    tiers: tuple[Tier, ...] = Field(
        max_length=50,
        description="Tiers in rising order.",
        examples=[[{"pay": [{"type": "fixed", "units": 200, "per": "act"}]}]],
    )


class Const(Strict):
    """A number."""

    op: Literal["number"] = Field(description="Operation.", examples=["number"])
    number: Exact = Field(description="The number.", examples=[200])


class FactValue(Strict):
    """A number of the act; missing money counts as 0, any other missing fact is an error."""

    op: Literal["fact"] = Field(description="Operation.", examples=["fact"])
    fact: NumberFact = Field(description="Number read.", examples=["distance_m"])


class Operation(Strict):
    """An operation on other expressions.

    `min`, `max`, `sum`, `product` take one or more; `difference` and `quotient` two (a divisor
    is a number other than 0); `negate` and `round_half_up` one; `clamp` value, low, high.
    """

    op: Literal[
        "min",
        "max",
        "sum",
        "product",
        "difference",
        "quotient",
        "negate",
        "round_half_up",
        "clamp",
    ] = Field(description="Operation.", examples=["min"])
    args: tuple["Expression", ...] = Field(
        min_length=1,
        max_length=20,
        description="Arguments.",
        examples=[[{"op": "number", "number": 200}, {"op": "fact", "fact": "distance_m"}]],
    )


Expression = Annotated[Const | FactValue | Operation, Field(discriminator="op")]
Operation.model_rebuild()


class Multiply(Strict):
    """Multiplies the amount."""

    type: Literal["multiply"] = Field(description="Kind of adjustment.", examples=["multiply"])
    factor: Exact = Field(description="Factor, exact decimal.", examples=["1.5"])
    when: Condition | None = Field(
        default=None,
        description="Condition; empty = always.",
        examples=[{"type": "date_in", "date_list": "pollution-days"}],
    )


class RaiseTo(Strict):
    """Makes the amount at least a number of the act."""

    type: Literal["raise_to"] = Field(description="Kind of adjustment.", examples=["raise_to"])
    fact: NumberFact = Field(description="Number read.", examples=["driver_revenue_units"])
    when: Condition | None = Field(
        default=None, description="Condition; empty = always.", examples=[None]
    )


class Limit(Strict):
    """Keeps the amount between two bounds."""

    type: Literal["limit"] = Field(description="Kind of adjustment.", examples=["limit"])
    at_least: Units | None = Field(
        default=None, description="Lower bound in units, inclusive.", examples=[10]
    )
    at_most: Units | None = Field(
        default=None, description="Upper bound in units, inclusive.", examples=[500]
    )
    when: Condition | None = Field(
        default=None, description="Condition; empty = always.", examples=[None]
    )


Adjustment = Annotated[Multiply | RaiseTo | Limit, Field(discriminator="type")]


class Tariff(Strict):
    """How an act is valued: tiers or a formula, then adjustments, then one rounding."""

    mode: Literal["sum_of_reached_tiers", "single_tier", "formula"] = Field(
        default="sum_of_reached_tiers",
        description="Add every tier reached, take the one that fits, or compute a formula.",
        examples=["sum_of_reached_tiers"],
    )
    measure: QuantityFact | None = Field(
        default=None,
        description="Quantity that tiers look at; empty = one tier from 0.",
        examples=["distance_m"],
    )
    variants: tuple[Variant, ...] = Field(
        default=(),
        max_length=50,
        description="Variants in order; the first that holds gives the tiers, none gives 0.",
        examples=[[{"tiers": [{"pay": [{"type": "fixed", "units": 200, "per": "act"}]}]}]],
    )
    formula: Expression | None = Field(
        default=None,
        description="Expression of mode `formula`.",
        examples=[{"op": "number", "number": 200}],
    )
    adjustments: tuple[Adjustment, ...] = Field(
        default=(),
        max_length=20,
        description="Adjustments in order.",
        examples=[[{"type": "multiply", "factor": "1.5"}]],
    )
    rounding: Literal["down", "half_up", "up"] = Field(
        default="down",
        description="One rounding to whole units, after adjustments and before caps.",
        examples=["down"],
    )
