"""What a draft of the rules would cost: past acts, or a synthetic city, under both editions."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState
from backend.rulebook import lab
from backend.rulebook import queries as rulebook_queries
from backend.rulebook.act import Act
from backend.rulebook.population import synthetic_acts
from backend.rulebook.rulebook import Rulebook
from backend.rulebook.simulation.table import table_of
from backend.territory import queries as territory_queries
from backend.workflows.acts import act_of

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
        area_names: Area code → name, for people.
    """

    before: Rulebook | None
    after: Rulebook
    acts: list[Act]
    basis: str
    area_names: Mapping[str, str]


def gather(
    session: Session, number: int, *, region: Mapping[str, str], now: datetime
) -> Material | None:
    """Read what the forecast of a draft needs, `None` when the draft is gone."""
    draft = rulebook_queries.get(session, number)
    if draft is None:
        return None
    current = rulebook_queries.in_force_at(session, now)
    communes = territory_queries.communes(session)
    acts, basis = _past_acts(session, region, now), "past_acts"
    if len(acts) < MIN_PAST_ACTS:
        parents = {commune.parent_code for commune in communes}
        populations = {c.insee_code: c.population for c in communes if c.insee_code not in parents}
        acts, basis = synthetic_acts(populations, region=region, until=now), "population"
    return Material(
        before=rulebook_queries.rulebook_of(current) if current else None,
        after=rulebook_queries.rulebook_of(draft),
        acts=acts,
        basis=basis,
        area_names={commune.insee_code: commune.name for commune in communes},
    )


def compare(material: Material) -> dict[str, Any]:
    """Simulate both editions and return the comparison as JSON-safe figures.

    Units are token units. `examples` holds the acts with the largest difference.
    """
    table = table_of(material.acts)
    before = material.before or material.after
    found = lab.compare(before, material.after, table, level="arr", top=TOP_ROWS)
    rows = [row for row, _ in found.top_rows]
    old, new = (lab.explain_rows(book, table, rows) for book in (before, material.after))
    return {
        "before": _summary(found.before),
        "after": _summary(found.after),
        "by_month": {name: asdict(change) for name, change in found.by_month.items()},
        "by_subject": {name: asdict(change) for name, change in found.by_subject.items()},
        "by_area": [
            {"code": code, "name": material.area_names.get(code, code), **asdict(change)}
            for code, change in found.by_area.items()
        ],
        "people": {
            "gaining": found.people_gaining,
            "losing": found.people_losing,
            "same": found.people_same,
        },
        "examples": [
            {
                "subject": material.acts[row].material or material.acts[row].mode,
                "before_units": old[row].amount_units,
                "after_units": new[row].amount_units,
                "lines": [{"code": x.code, "facts": dict(x.facts)} for x in new[row].lines],
            }
            for row in rows
        ],
    }


def _summary(summary: lab.Summary) -> dict[str, Any]:
    return {
        "edition": summary.edition,
        "acts": summary.total.acts,
        "paid_acts": summary.total.paid_acts,
        "units": summary.total.units,
        "budgets": [
            {
                "budget": row.budget,
                "max_units": row.max_units,
                "spent_units": row.spent_units,
                "exhausted_at": row.exhausted_at.isoformat() if row.exhausted_at else None,
            }
            for row in summary.budgets
        ],
    }


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
