"""What a draft of the rules would cost: past acts, or a synthetic city, under both editions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState
from backend.rulebook import queries as rulebook_queries
from backend.rulebook.act import Act
from backend.rulebook.council.figures import DISTRICT_LEVEL, Places, comparison_figures
from backend.rulebook.population import synthetic_acts
from backend.rulebook.rulebook import Rulebook
from backend.rulebook.simulation.table import table_of
from backend.territory import queries as territory_queries
from backend.territory.geo import AreaIndex, Position
from backend.territory.models import PRIORITY_DISTRICT, Commune, Zone
from backend.workflows.acts import MICRO, act_of

PAST = timedelta(days=365)
MIN_PAST_ACTS = 2_000
"""Fewer acts say too little about a year; a synthetic city is used instead, and named so."""
TOP_ROWS = 8


@dataclass(frozen=True)
class Material:
    """What a forecast is made from.

    Attributes:
        before: Rules in force now; `None` when there are none.
        after: The draft's rules.
        acts: Oldest first.
        basis: "past_acts" or "population".
        places: Areas and priority districts with their names.
    """

    before: Rulebook | None
    after: Rulebook
    acts: list[Act]
    basis: str
    places: Places


def gather(
    session: Session, number: int, *, region: Mapping[str, str], now: datetime
) -> Material | None:
    """Read what the forecast of a draft needs, `None` when the draft is gone."""
    draft = rulebook_queries.get(session, number)
    if draft is None:
        return None
    current = rulebook_queries.in_force_at(session, now)
    communes = territory_queries.communes(session)
    districts = territory_queries.zones(session, PRIORITY_DISTRICT)
    acts, basis = _past_acts(session, region, now), "past_acts"
    if districts:
        index = territory_queries.zone_index(session, PRIORITY_DISTRICT)
        acts = _in_districts(acts, index)
    if len(acts) < MIN_PAST_ACTS:
        parents = {commune.parent_code for commune in communes}
        populations = {c.insee_code: c.population for c in communes if c.insee_code not in parents}
        acts, basis = (
            synthetic_acts(
                populations, region=region, until=now, districts=_by_area(districts, communes)
            ),
            "population",
        )
    return Material(
        before=rulebook_queries.rulebook_of(current) if current else None,
        after=rulebook_queries.rulebook_of(draft),
        acts=acts,
        basis=basis,
        places=Places(
            area_level="arr",
            area_names={commune.insee_code: commune.name for commune in communes},
            district_names={zone.code: zone.name for zone in districts},
        ),
    )


def compare(material: Material) -> dict[str, Any]:
    """Simulate both editions and return the comparison as JSON-safe figures.

    Units are token units. `examples` holds the acts with the largest difference.
    """
    return comparison_figures(
        material.before or material.after,
        material.after,
        table_of(material.acts),
        places=material.places,
        top=TOP_ROWS,
    )


def _by_area(districts: Sequence[Zone], communes: Sequence[Commune]) -> dict[str, list[str]]:
    """Return area code → districts; an arrondissement has all those of its city."""
    found: dict[str, list[str]] = {}
    for zone in districts:
        for commune in communes:
            if zone.commune_code in (commune.insee_code, commune.parent_code):
                found.setdefault(commune.insee_code, []).append(zone.code)
    return found


def _in_districts(acts: list[Act], index: AreaIndex) -> list[Act]:
    """Add the code of the priority district to each place that lies in one."""
    return [_in_district(act, index) for act in acts]


def _in_district(act: Act, index: AreaIndex) -> Act:
    place = act.place
    if place is None or place.lat is None or place.lon is None:
        return act
    position = Position(int(place.lat * MICRO), int(place.lon * MICRO))
    code = index.code_at(position)
    if code is None:
        return act
    return replace(act, place=replace(place, codes={**place.codes, DISTRICT_LEVEL: code}))


def _past_acts(session: Session, region: Mapping[str, str], now: datetime) -> list[Act]:
    statement = (
        select(Claim, Verdict)
        .join(Verdict, col(Verdict.claim_id) == col(Claim.id))
        .where(col(Verdict.state) == ClaimState.ACCEPTED, col(Claim.occurred_at) >= now - PAST)
        .order_by(col(Verdict.sequence))
    )
    return [
        act_of(
            claim,
            kind=str(verdict.act.get("kind")),
            level=verdict.level,
            facts=verdict.act,
            region=region,
        )
        for claim, verdict in session.exec(statement).all()
    ]
