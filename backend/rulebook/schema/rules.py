"""Rules: which acts, under which requirements, at which tariff, released when."""

from typing import Annotated, Literal

from pydantic import Field

from backend.rulebook.schema.base import Code, Name, ProofLevel, Strict, Text, Units
from backend.rulebook.schema.caps import Owner
from backend.rulebook.schema.conditions import Condition
from backend.rulebook.schema.tariffs import Tariff

_Codes = Annotated[tuple[Code, ...], Field(min_length=1, max_length=100)]


class ActFilter(Strict):
    """Which acts a rule is about; an empty field accepts all."""

    kind: Code = Field(description="Kind of act.", examples=["recycling"])
    materials: _Codes | None = Field(
        default=None, description="Materials accepted.", examples=[["glass"]]
    )
    modes: _Codes | None = Field(
        default=None, description="Ways to travel accepted.", examples=[["bike"]]
    )
    proof_levels: Annotated[tuple[ProofLevel, ...], Field(min_length=1)] | None = Field(
        default=None, description="Proof levels accepted.", examples=[["P2", "P3"]]
    )


class Requirement(Strict):
    """Something that must hold (`require`) or must not (`exclude`), else the act is refused."""

    id: Name = Field(description="Name shown in explanations.", examples=["distance"])
    require: Condition | None = Field(
        default=None,
        description="Condition that must hold.",
        examples=[{"type": "measure", "fact": "distance_m", "at_least": 2000}],
    )
    exclude: Condition | None = Field(
        default=None,
        description="Condition that must not hold; instead of `require`.",
        examples=[{"type": "weekday_in", "days": ["sunday"]}],
    )
    when: Condition | None = Field(
        default=None,
        description="The requirement is skipped when this does not hold.",
        examples=[{"type": "date", "from": "2026-09-01"}],
    )
    text: Text | None = Field(
        default=None,
        description="Reason told to a refused citizen; empty = made from the condition.",
        examples=[{"fr": "Trajet d'au moins 2 km", "en": "Trip of at least 2 km"}],
    )


class AtOnce(Strict):
    """Released at once."""

    type: Literal["at_once"] = Field(description="Kind of release.", examples=["at_once"])


class AfterSeconds(Strict):
    """Released after a holding time."""

    type: Literal["after_seconds"] = Field(
        description="Kind of release.", examples=["after_seconds"]
    )
    seconds: int = Field(ge=1, le=366 * 86_400, description="Seconds held.", examples=[172_800])


class OnMassBalance(Strict):
    """Released when the station's mass reconciles, or after some days."""

    type: Literal["on_mass_balance_or_after_days"] = Field(
        description="Kind of release.", examples=["on_mass_balance_or_after_days"]
    )
    days: int = Field(ge=1, le=366, description="Days at most.", examples=[35])


Release = Annotated[AtOnce | AfterSeconds | OnMassBalance, Field(discriminator="type")]


class TrancheRule(Strict):
    """A part of the amount and when it is released."""

    share_percent: int = Field(ge=1, le=100, description="Part in percent.", examples=[70])
    release: Release = Field(description="When.", examples=[{"type": "at_once"}])


Tranches = Annotated[tuple[TrancheRule, ...], Field(min_length=1, max_length=16)]


class Rule(Strict):
    """One rule. The first base rule whose `acts` fits an act decides about it."""

    id: Name = Field(description="Name, unique in the edition.", examples=["glass"])
    title: Text = Field(
        description="Title for citizens.",
        examples=[{"fr": "Verre en borne", "en": "Glass at a bin"}],
    )
    section: Owner = Field(
        default="metropolis",
        description="Who owns this section: `metropolis` or the INSEE code of a commune.",
        examples=["13055"],
    )
    acts: ActFilter = Field(
        description="Which acts.", examples=[{"kind": "recycling", "materials": ["glass"]}]
    )
    tops_up: tuple[Name, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Base rules that this rule adds to; empty = it is a base rule.",
        examples=[["glass"]],
    )
    require: tuple[Requirement, ...] = Field(
        default=(),
        max_length=100,
        description="Requirements; all must hold.",
        examples=[[{"id": "adult", "require": {"type": "adult", "unknown_passes": True}}]],
    )
    tariff: Tariff = Field(
        description="Amount before caps.",
        examples=[
            {"variants": [{"tiers": [{"pay": [{"type": "fixed", "units": 200, "per": "act"}]}]}]}
        ],
    )
    max_units_per_act: Units | None = Field(
        default=None,
        description="Most one act can pay before caps; needed for publication.",
        examples=[1000],
    )
    budget: Name | None = Field(
        default=None,
        description="Budget it draws from; needed for publication.",
        examples=["metropolis"],
    )
    release: dict[ProofLevel, Tranches] = Field(
        default_factory=dict,
        description="Tranches per proof level; a level not listed is released at once.",
        examples=[{"P1": [{"share_percent": 100, "release": {"type": "at_once"}}]}],
    )
