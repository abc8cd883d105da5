"""What a recording adds to other evidence: a second, independent witness of a ticket's trip."""

from dataclasses import replace

from sqlmodel import Session

from backend.actions.models import Claim
from backend.actions.rules import Evidence
from backend.mobility.witnesses import agreeing_legs, spans_of
from backend.trips import queries
from backend.workflows.judge_trip import attested_by


def with_recording(
    session: Session, claim: Claim, evidence: Evidence, *, is_cleared: bool
) -> Evidence:
    """Return the evidence of a ticket with the recording that agrees with it, if any.

    The evidence of a recorded trip learns whether a person cleared it; any other stays as it is.
    """
    if evidence.kind == "ticket":
        added = {"trace": _trace_of(session, claim)}
        return replace(evidence, facts={**evidence.facts, **added})
    if evidence.kind == "trip":
        return replace(evidence, facts={**evidence.facts, "cleared": is_cleared})
    return evidence


def _trace_of(session: Session, claim: Claim) -> str | None:
    """Return the public id of a recording that agrees with a ticket.

    Recordings that were refused, or that a sign of fraud holds, are no witness.
    """
    ticket = attested_by(claim)
    for trip in queries.overlapping(session, claim.account_id, ticket.started_at, ticket.ended_at):
        is_clean = trip.finding.get("verdict") == "accepted" and not trip.finding.get("signs")
        if is_clean and agreeing_legs(spans_of(trip.finding), ticket):
            return trip.id
    return None
