"""What a recording and a ticket of one trip are to each other: two witnesses, paid once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions.models import Claim
from backend.actions.rules import ClaimState, Evidence, Fact, Judgement
from backend.actions.verifiers.protocol import refused
from backend.mobility.witnesses import Attested, agreeing_legs, spans_of
from backend.rewards import queries as reward_queries
from backend.trips import queries
from backend.trips import service as trips
from backend.workflows import adjust
from backend.workflows.judge_trip import attested_by, attested_trips


def with_recording(
    session: Session, claim: Claim, evidence: Evidence, *, is_cleared: bool
) -> Evidence:
    """Return the evidence of a ticket with the recording that agrees with it, if any.

    The evidence of a recorded trip learns whether a person cleared it, and loses the legs that a
    ticket has paid since it was judged; any other stays as it is.
    """
    if evidence.kind == "ticket":
        added = {"trace": _trace_of(session, claim)}
        return replace(evidence, facts={**evidence.facts, **added})
    if evidence.kind == "trip":
        facts = {**evidence.facts, **_without_ticketed(session, claim), "cleared": is_cleared}
        return replace(evidence, facts=facts)
    return evidence


def paid_once(
    session: Session, claim: Claim, evidence: Evidence, judgement: Judgement, *, now: datetime
) -> Judgement:
    """Let a ticket take the place of the recording that was paid before it came.

    What the recording earned is still held as a rule: it is taken back, and the ticket pays in
    full. Once it is paid out, the ticket adds nothing: a trip is paid once.

    Effects: the recording's pending reward is taken back, its legs name the ticket.
    """
    trip_id = evidence.facts.get("trace")
    is_worth_it = evidence.kind == "ticket" and judgement.state == ClaimState.ACCEPTED
    if not is_worth_it or not isinstance(trip_id, str):
        return judgement
    recorded = action_queries.by_public_id(session, trip_id)
    trip = queries.get(session, trip_id)
    if recorded is None or recorded.id is None or trip is None:
        return judgement
    ticket = attested_by(claim)
    at = _paid_legs(trip.finding, [ticket])
    receipt = reward_queries.receipt_of(session, recorded.id)
    if not at or receipt is None or receipt.units == 0:
        return judgement
    if reward_queries.beyond_reach(session, recorded.id):
        return refused("mobility", "trip_paid_already", trip=trip_id)
    adjust.take_back(session, recorded.id, reason_code="paid_with_ticket", now=now)
    trips.attest(session, trip, at, reference=ticket.reference, mode=ticket.mode)
    return judgement


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


def _without_ticketed(session: Session, claim: Claim) -> Mapping[str, Fact]:
    """Return what a trip may still earn, when a ticket that came meanwhile pays a part of it."""
    trip = queries.get(session, claim.public_id)
    if trip is None:
        return {}
    at = _paid_legs(trip.finding, attested_trips(session, claim.account_id))
    if not at:
        return {}
    left: dict[str, int] = {}
    for number, leg in enumerate(trip.finding["legs"]):
        if leg["proof_level"] == "P1" and number not in at:
            left[leg["mode"]] = left.get(leg["mode"], 0) + leg["distance_m"]
    mode = max(left, key=lambda name: left[name], default=None)
    distance_m = left[mode] if mode is not None else None
    return {"mode": mode, "distance_m": distance_m, "reasons": "paid_with_ticket"}


def _paid_legs(finding: Mapping[str, Any], tickets: Sequence[Attested]) -> list[int]:
    """Return the positions of legs that are paid on the recording's word and on a ticket's."""
    agreeing = {at for ticket in tickets for at in agreeing_legs(spans_of(finding), ticket)}
    return sorted(at for at in agreeing if finding["legs"][at]["proof_level"] == "P1")
