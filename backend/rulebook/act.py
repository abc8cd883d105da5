"""The facts of one act as the rules see them; nothing else about a citizen enters a rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """Where an act began or ended.

    Args:
        codes: Code of the place per level (`commune`, `arr`, `epci`, `aom`, `dep`, `reg`,
            `reseau`, `country`, or any other level an edition uses); a missing level is unknown.
        lat: Latitude in degrees, exact decimal (`Decimal("43.2965")`).
        lon: Longitude in degrees, exact decimal.
    """

    codes: Mapping[str, str] = field(default_factory=dict)
    lat: Decimal | None = None
    lon: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One proved act, before any amount is known.

    Only `kind` and `occurred_at` are always needed; any other fact is needed when a rule of the
    edition asks for it, and its absence is then an `ActIncompleteError`.

    Args:
        kind: `recycling` or `mobility` (or any other kind an edition names).
        occurred_at: Aware instant of the act (departure of a trip).
        proof_level: `P0` declared, `P1` located, `P2` attested, `P3` corroborated.
        material: What was recycled, for example `glass`.
        mode: How somebody travelled, for example `bike`.
        place: Station of a deposit, or start of a trip.
        end_place: End of a trip.
        count: Number of items.
        mass_g: Mass in grams.
        distance_m: Distance in metres.
        duration_s: Duration in seconds.
        seats: Seats shared with passengers.
        person_ref: Who is rewarded; opaque, used in counter keys only.
        driver_ref, passenger_ref: The two roles of a shared trip, opaque.
        operator_trip_ref: The journey that several passenger records share, opaque.
        station_ref, merchant_ref: Device or counter that witnessed, opaque.
        operator: Who attested a trip.
        operator_class: `A`, `B` or `C`, evidence class of the carpool register.
        passenger_adult: None when unknown.
        driver_revenue_units, passenger_contribution_units: Money inside a shared trip.
        person_tags: Facts about the person that rules may ask for, for example `solidarity`.
        processed_on: Day of computation; only rules that replay another registry read it.
    """

    kind: str
    occurred_at: datetime
    proof_level: str = "P2"
    material: str | None = None
    mode: str | None = None
    place: Place | None = None
    end_place: Place | None = None
    count: int | None = None
    mass_g: int | None = None
    distance_m: int | None = None
    duration_s: int | None = None
    seats: int | None = None
    person_ref: str | None = None
    driver_ref: str | None = None
    passenger_ref: str | None = None
    operator_trip_ref: str | None = None
    station_ref: str | None = None
    merchant_ref: str | None = None
    operator: str | None = None
    operator_class: str | None = None
    passenger_adult: bool | None = None
    driver_revenue_units: int | None = None
    passenger_contribution_units: int | None = None
    person_tags: frozenset[str] = frozenset()
    processed_on: date | None = None
