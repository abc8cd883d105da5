"""Doubt about a claim: its history from several slices, judged by the rules of review."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from backend.actions import queries as action_queries
from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState, ProofLevel, Reason
from backend.actions.verifiers.trip import words
from backend.devices import queries as device_queries
from backend.devices import rules as device_rules
from backend.devices import service as devices
from backend.review import queries as review_queries
from backend.review import rules
from backend.review.rules import Assessment, Doubtful, History, Limits, Seen
from backend.rewards import queries as reward_queries
from backend.rulebook.act import Act
from backend.territory.geo import Position, distance_m
from backend.workflows import shared_rides, surroundings

MAX_HISTORY = 300
"""Claims of one person that are read back; far more than a held person can have paid."""
MAX_NEIGHBOURS = 200
"""Newest deposits of one machine that a counter is compared with; a day of a busy one."""
COUNTED = ("deposit", "attended", "item")
"""Kinds of evidence that carry the machine's own counter."""


def reasons_to_doubt(
    session: Session, claim: Claim, act: Act, *, units: int, station: Position | None
) -> tuple[Reason, ...]:
    """Return why a person should look at a claim; empty when it can be paid.

    Args:
        claim: The claim at hand.
        act: Its facts.
        units: What it would earn.
        station: Where the act took place; `None` for a trip.
    """
    doubtful = Doubtful(
        at=claim.occurred_at,
        level=act.proof_level,
        material=act.material,
        items=act.count or 1,
        units=units,
    )
    history = History(
        person=_seen(session, claim, station),
        phone_accounts=review_queries.accounts_on_phones_of(
            session, claim.account_id, since=claim.occurred_at - rules.HISTORY
        ),
        station_located_today=surroundings.located_today(session, claim, act),
        device_is_in_doubt=claim.kind in COUNTED and _is_device_in_doubt(session, claim),
        used_codes=surroundings.used_codes(session, claim),
        **surroundings.slot(session, claim),
        **surroundings.masses(session, claim, act),
    )
    assessment = rules.assess(doubtful, history, Limits())
    if assessment.signals:
        # Company alone holds nothing, and is the dearest to find out: only beside another sign.
        history = replace(history, companions=surroundings.companions(session, claim))
        assessment = rules.assess(doubtful, history, Limits())
    if claim.kind in ("trip", shared_rides.KIND):
        assessment = _of_trip(assessment)
    signs = (*_signs_of_trip(claim, act), *shared_rides.signs(session, claim))
    if not assessment.is_held:
        return signs
    return (*signs, *(Reason(signal.code, signal.facts) for signal in assessment.signals))


def _of_trip(assessment: Assessment) -> Assessment:
    """Leave out what is meant for stickers.

    Whoever only cycles has no witness to ask: the trace itself is examined, and the rulebook
    pays two such trips a day.
    """
    return Assessment(tuple(s for s in assessment.signals if s.code != "attested_acts_few"))


def _signs_of_trip(claim: Claim, act: Act) -> tuple[Reason, ...]:
    """Return the signs of fraud in a recording; one that earns nothing needs nobody's time."""
    if claim.kind != "trip" or act.proof_level == ProofLevel.P0:
        return ()
    return tuple(Reason(code) for code in words(claim.evidence["facts"].get("signs")))


def _is_device_in_doubt(session: Session, claim: Claim) -> bool:
    """Compare a deposit's counter with the machine's others, and remember the highest."""
    statement = select(Claim.evidence, Claim.occurred_at).where(
        col(Claim.device_number) == claim.device_number,
        col(Claim.kind).in_(COUNTED),
        col(Claim.code_key).is_not(None),
        col(Claim.id) != claim.id,
    )
    rows = session.exec(statement.order_by(col(Claim.id).desc()).limit(MAX_NEIGHBOURS)).all()
    device = device_queries.need(session, claim.device_number)
    counter = _counter(claim.evidence)
    finding = device_rules.judge_counter(
        counter,
        claim.occurred_at,
        seen=[(_counter(evidence), at) for evidence, at in rows],
        counter_high=device.counter_high,
    )
    if finding.is_accepted:
        devices.note_counter(session, device.number, counter)
    return not finding.is_accepted


def _counter(evidence: Mapping[str, Any]) -> int:
    return int(evidence["facts"]["counter"])


def _seen(session: Session, claim: Claim, station: Position | None) -> list[Seen]:
    oldest = claim.occurred_at - rules.LOCATED_HISTORY
    past = [
        other
        for other in action_queries.of_account(session, claim.account_id, limit=MAX_HISTORY)
        if other.id != claim.id
        and other.state == ClaimState.ACCEPTED
        and other.occurred_at > oldest
    ]
    if not past:
        return []
    ids = [other.id or 0 for other in past]
    verdicts = action_queries.verdicts_of(session, ids)
    receipts = reward_queries.receipts_of(session, ids)
    # An act that earned nothing, because a cap was used up, says nothing about gain.
    return [
        _seen_act(
            verdicts[other.id or 0],
            other.occurred_at,
            units=receipts[other.id or 0].units,
            station=station,
        )
        for other in past
        if other.id in verdicts and other.id in receipts and receipts[other.id or 0].units > 0
    ]


def _seen_act(verdict: Verdict, at: datetime, *, units: int, station: Position | None) -> Seen:
    facts = verdict.act
    place = _position(facts.get("latitude_e6"), facts.get("longitude_e6"))
    return Seen(
        at=at,
        level=verdict.level,
        material=facts.get("material"),
        items=facts.get("count") or 1,
        distance_m=distance_m(place, station) if place is not None and station else None,
        units=units,
    )


def _position(latitude_e6: int | None, longitude_e6: int | None) -> Position | None:
    if latitude_e6 is None or longitude_e6 is None:
        return None
    return Position(latitude_e6, longitude_e6)
