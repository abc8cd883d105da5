"""A decided claim as the rulebook sees it: the same facts online, in forecasts and in audits."""

from collections.abc import Mapping
from decimal import Decimal

from backend.actions.models import Claim
from backend.rulebook.act import Act, Place

LevelCodes = Mapping[str, str]
FactValue = str | int | bool | None

MICRO = Decimal(1_000_000)


def act_of(
    claim: Claim,
    *,
    kind: str,
    level: str,
    facts: Mapping[str, FactValue],
    region: LevelCodes,
) -> Act:
    """Build the act of a claim.

    Args:
        kind: "recycling" or "mobility".
        level: Proof level.
        facts: What the verifier found, as the verdict stores it.
        region: Codes that hold for the whole territory, for example {"epci": "200054807"}.
    """
    return Act(
        kind=kind,
        occurred_at=claim.occurred_at,
        proof_level=level,
        material=_text(facts.get("material")),
        mode=_text(facts.get("mode")),
        place=_place(facts, region),
        count=_whole(facts.get("count")),
        mass_g=_whole(facts.get("mass_g")),
        distance_m=_whole(facts.get("distance_m")),
        person_ref=claim.account_id,
        station_ref=_text(facts.get("station_id")),
        operator=_text(facts.get("operator")),
        operator_class=_text(facts.get("operator_class")),
        seats=_whole(facts.get("seats")),
    )


def _place(facts: Mapping[str, FactValue], region: LevelCodes) -> Place | None:
    area = _text(facts.get("commune_code"))
    latitude_e6 = _whole(facts.get("latitude_e6"))
    longitude_e6 = _whole(facts.get("longitude_e6"))
    if area is None or latitude_e6 is None or longitude_e6 is None:
        return None
    # An arrondissement is part of a commune; everywhere else the two are the same.
    commune = _text(facts.get("parent_commune_code")) or area
    codes = {**region, "commune": commune, "arr": area}
    return Place(codes=codes, lat=Decimal(latitude_e6) / MICRO, lon=Decimal(longitude_e6) / MICRO)


def _text(value: FactValue) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: FactValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
