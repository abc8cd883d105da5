"""Pure words of acts: states, outcomes, proof levels, facts and judgements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Fact = str | int | bool | None


class ClaimState(StrEnum):
    """Life of a claim."""

    PENDING = "pending"
    """Stored and acknowledged; no verdict yet."""
    ACCEPTED = "accepted"
    """The act is believed; a receipt says what it earned."""
    REFUSED = "refused"
    """Not believed or not payable; the reason is stored and can be appealed."""
    REVIEW = "review"
    """A person looks at it."""


class ProofLevel(StrEnum):
    """How well an act is proved; one ladder for recycling and mobility."""

    P0 = "P0"
    """Declared: the citizen says so."""
    P1 = "P1"
    """Located: something only present on the spot."""
    P2 = "P2"
    """Attested: one independent witness signed."""
    P3 = "P3"
    """Corroborated: two independent witnesses agree."""


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is: a stable code and the facts that fill its sentence."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """What the intake knows of a claim once its code is read and its signature holds.

    Attributes:
        kind: Which verifier judges it: a key of `verifiers.VERIFIERS`.
        code_key: Single-use key of the code; one claim ever takes it.
        device_number: Witness that signed the code.
        occurred_at: When the act happened, as signed.
        facts: What the code says: material, count, mass_g, mode, distance_m …
    """

    kind: str
    code_key: str
    device_number: int
    occurred_at: datetime
    facts: Mapping[str, Fact]


@dataclass(frozen=True)
class Witness:
    """The device behind a claim and the place where it stands, as the registry knows them.

    Attributes:
        kind: "kiosk", "bin", "counter", "operator" or "sticker"; "phone" when nobody signed.
        station_id: Where it stands; `None` for an operator.
        materials: Materials that the station takes; the first is its main one.
        commune_code: INSEE code of the station's commune or arrondissement.
        parent_commune_code: Commune of an arrondissement; `None` for a commune.
        latitude_e6, longitude_e6: Position in micro-degrees (WGS 84).
    """

    kind: str
    station_id: str | None = None
    materials: tuple[str, ...] = ()
    commune_code: str | None = None
    parent_commune_code: str | None = None
    latitude_e6: int | None = None
    longitude_e6: int | None = None


@dataclass(frozen=True)
class Judgement:
    """What a verifier thinks of a claim.

    Attributes:
        state: ACCEPTED, REFUSED or REVIEW.
        level: Proof level; meaningful when accepted.
        reasons: Why, in the order a person would say it.
        act_kind: "recycling" or "mobility".
        act: Facts the rulebook reads.
    """

    state: ClaimState
    level: ProofLevel
    reasons: tuple[Reason, ...]
    act_kind: str
    act: Mapping[str, Fact]
