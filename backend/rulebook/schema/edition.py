"""The edition: the whole document that is validated, hashed, published and replayed."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from backend.rulebook.schema.base import Dates, Exact, Name, Strict, Text, ZoneName
from backend.rulebook.schema.caps import Budget, Cap
from backend.rulebook.schema.conditions import Codes
from backend.rulebook.schema.rules import Requirement, Rule

SCHEMA_NAME = "calanque-rulebook/1"

Ring = Annotated[
    tuple[Annotated[tuple[Exact, ...], Field(min_length=2, max_length=3)], ...],
    Field(min_length=4, max_length=20_000),
]
Polygon = Annotated[tuple[Ring, ...], Field(min_length=1, max_length=200)]


class Circle(Strict):
    """All points within a radius, on a locally flat earth; exact below about 50 km."""

    lat: Exact = Field(description="Latitude of the centre in degrees.", examples=["43.2965"])
    lon: Exact = Field(description="Longitude of the centre in degrees.", examples=["5.3698"])
    radius_m: int = Field(
        ge=1, le=50_000, description="Radius in metres, inclusive.", examples=[500]
    )


class Area(Strict):
    """A named territory: codes, or polygons (boundary inside), or a circle; exactly one."""

    codes: Codes | None = Field(
        default=None, description="Codes per level.", examples=[{"epci": ["200054807"]}]
    )
    polygons: Annotated[tuple[Polygon, ...], Field(min_length=1, max_length=500)] | None = Field(
        default=None,
        description="GeoJSON MultiPolygon coordinates: polygons of rings of (lon, lat); the first "
        "ring is the outline, further rings are holes.",
        examples=[[[[["5", "43"], ["6", "43"], ["6", "44"], ["5", "43"]]]]],
    )
    circle: Circle | None = Field(
        default=None,
        description="Point and radius.",
        examples=[{"lat": "43.2965", "lon": "5.3698", "radius_m": 500}],
    )


class Identity(Strict):
    """Which edition this is."""

    id: Name = Field(description="Name of the edition.", examples=["amp-2026-1"])
    series: Name = Field(
        description="Editions of one series follow each other and share counters.",
        examples=["amp"],
    )
    number: int = Field(
        ge=1, le=65_535, description="Number on chain, rising by one.", examples=[1]
    )
    title: Text = Field(
        description="Title for people.",
        examples=[{"fr": "Barème 2026", "en": "Rules of 2026"}],
    )


class Validity(Strict):
    """When acts fall under this edition."""

    from_: AwareDatetime | None = Field(
        default=None,
        alias="from",
        description="First instant, inclusive.",
        examples=["2026-01-01T00:00:00+01:00"],
    )
    before: AwareDatetime | None = Field(
        default=None, description="End, exclusive.", examples=["2027-01-01T00:00:00+01:00"]
    )
    until: AwareDatetime | None = Field(
        default=None,
        description="End, inclusive; instead of `before`.",
        examples=["2026-12-31T23:59:59+01:00"],
    )


class Stacking(Strict):
    """How far communes may add to the metropolis."""

    max_percent_of_base: int = Field(
        ge=0,
        le=1000,
        description="All top-ups of one act together, in percent of its base amount before caps.",
        examples=[50],
    )


class Compat(Strict):
    """Quirks of another registry, to replay it. An edition with this block cannot be published."""

    source: str = Field(
        min_length=1,
        max_length=500,
        description="What is replayed.",
        examples=["carpool register, campaign 20210520_IDFM"],
    )
    count_before_trimming: bool = Field(
        default=False,
        description="Counters move cap by cap and stay moved when a later cap trims or refuses; "
        "quantities may pass their limit once.",
        examples=[True],
    )
    other_clocks: bool = Field(
        default=False,
        description="Conditions and caps may name another time zone than the edition's.",
        examples=[True],
    )
    processing_date: bool = Field(
        default=False, description="Condition `processed` is allowed.", examples=[True]
    )
    negative_amounts: bool = Field(
        default=False, description="Amounts may be below zero.", examples=[True]
    )
    budget_at_run_time: bool = Field(
        default=False,
        description="Limits may be empty and come with the replayed case; nothing bounds the "
        "amount until then.",
        examples=[True],
    )
    missing_seats_as_one: bool = Field(
        default=False, description="Seats 0 or missing pay as 1.", examples=[True]
    )


class Edition(Strict):
    """A whole edition of the rules."""

    schema_: Literal["calanque-rulebook/1"] = Field(
        alias="schema", description="Name and version of this language.", examples=[SCHEMA_NAME]
    )
    edition: Identity = Field(
        description="Which edition.",
        examples=[
            {"id": "amp-2026-1", "series": "amp", "number": 1, "title": {"fr": "…", "en": "…"}}
        ],
    )
    time_zone: ZoneName = Field(
        description="Calendar of every date, hour and period.", examples=["Europe/Paris"]
    )
    validity: Validity = Field(
        default=Validity(), description="When.", examples=[{"from": "2026-01-01T00:00:00+01:00"}]
    )
    date_lists: dict[Name, Dates] = Field(
        default_factory=dict,
        description="Named lists of days.",
        examples=[{"pollution-days": ["2026-07-01"]}],
    )
    areas: dict[Name, Area] = Field(
        default_factory=dict,
        description="Named territories.",
        examples=[{"metropolis": {"codes": {"epci": ["200054807"]}}}],
    )
    require: tuple[Requirement, ...] = Field(
        default=(),
        max_length=100,
        description="Requirements of every rule.",
        examples=[
            [
                {
                    "id": "here",
                    "require": {"type": "place_in", "which": "start", "area": "metropolis"},
                }
            ]
        ],
    )
    rules: tuple[Rule, ...] = Field(
        min_length=1,
        max_length=1000,
        description="Rules in order.",
        examples=[
            [
                {
                    "id": "glass",
                    "title": {"fr": "Verre", "en": "Glass"},
                    "acts": {"kind": "recycling", "proof_levels": ["P2", "P3"]},
                    "tariff": {
                        "variants": [
                            {"tiers": [{"pay": [{"type": "fixed", "units": 200, "per": "act"}]}]}
                        ]
                    },
                    "max_units_per_act": 200,
                    "budget": "metropolis",
                }
            ]
        ],
    )
    caps: tuple[Cap, ...] = Field(
        default=(),
        max_length=1000,
        description="Caps.",
        examples=[
            [
                {
                    "id": "day",
                    "order": 1,
                    "target": "person",
                    "counter": "amount",
                    "period": "day",
                    "max": 1000,
                }
            ]
        ],
    )
    budgets: tuple[Budget, ...] = Field(
        default=(),
        max_length=200,
        description="Budgets; they apply after the caps of the act.",
        examples=[
            [
                {
                    "id": "metropolis",
                    "owner": "metropolis",
                    "title": {"fr": "…", "en": "…"},
                    "period": "year",
                    "max_units": 500000000,
                }
            ]
        ],
    )
    stacking: Stacking | None = Field(
        default=None,
        description="Ceiling of top-ups; needed when a rule has `tops_up`.",
        examples=[{"max_percent_of_base": 50}],
    )
    compat: Compat | None = Field(
        default=None,
        description="Quirks of a replayed registry; forbids publication.",
        examples=[{"source": "carpool register, campaign X"}],
    )
