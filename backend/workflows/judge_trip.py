"""Judge a stored trip: the trace alone, its history, the tickets around it; then claim it.

Three parts, so that no transaction waits for the computation: `prepare` reads, `examine`
computes, `conclude` writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.actions.models import Claim
from backend.actions.rules import ClaimState, Evidence, Fact
from backend.kernel.errors import UnavailableError
from backend.mobility.bikes.gbfs import Stations
from backend.mobility.dossier import Dossier, co2_of
from backend.mobility.dossier import examine as examine_trace
from backend.mobility.emissions.factors import EmissionFactor
from backend.mobility.fraud.fingerprint import Fingerprint
from backend.mobility.storing import length_m, read_shape, unpack
from backend.mobility.trace import Trace
from backend.mobility.transit.matching import TransitMatcher
from backend.mobility.witnesses import Attested, agreeing_legs, spans_of
from backend.rides import queries as ride_queries
from backend.trips import queries
from backend.trips import service as trips
from backend.trips.models import Trip
from backend.trips.rules import Conflict, Earlier, conflicts
from backend.workflows import emission_table

NEIGHBOURS = timedelta(hours=24)
"""Trips of a person that may contradict another one: a jump across the country takes less."""
TICKETS_BACK = 60
"""Newest claims of a person among which tickets of the same hours are looked for."""
DOUBTS = frozenset({"mode_uncertain", "needs_witness", "trace_consistent", "paid_with_ticket"})
"""Reasons that explain a level; every other one is a sign of fraud."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Prepared:
    """A trip and what it is compared with, read from the database."""

    trip: Trip
    trace: Trace
    history: tuple[Fingerprint, ...]
    factors: tuple[EmissionFactor, ...]


@dataclass(frozen=True)
class Examined:
    """A trip and what the computation found; `None` when it failed."""

    prepared: Prepared
    dossier: Dossier | None


def prepare(session: Session) -> Prepared | None:
    """Read the oldest trip that waits, or `None`."""
    trip = queries.next_received(session)
    if trip is None:
        return None
    trace = unpack(trip.id, trip.points or [])
    # Two phones in one car record the same movement, and are expected to.
    beside = ride_queries.companions(
        session, trip.account_id, started_at=trip.started_at, ended_at=trip.ended_at
    )
    shapes = queries.shapes_to_compare(session, trip, length_m=length_m(trace), beside=beside)
    return Prepared(trip, trace, tuple(map(read_shape, shapes)), emission_table.factors_of(session))


def examine(
    prepared: Prepared,
    matchers: Sequence[TransitMatcher] = (),
    bikes: Sequence[Stations] = (),
) -> Examined:
    """Compute the verdict; a trace that breaks the computation goes to a person."""
    try:
        dossier = examine_trace(
            prepared.trace,
            history=prepared.history,
            factors=prepared.factors,
            matchers=matchers,
            bikes=bikes,
        )
    except Exception:
        log.exception("trip_undecidable", trip=prepared.trip.id)
        dossier = None
    return Examined(prepared, dossier)


def conclude(session: Session, examined: Examined, *, now: datetime) -> bool:
    """Store what was found, drop the points and put the claim into the queue of verdicts.

    Returns:
        False when another runner was faster.
    Raises:
        UnavailableError: The chain has not handed out an incarnation yet; the trip waits.
    Effects: the trip's finding, one pending claim with the same public id.
    """
    incarnation = action_queries.current_incarnation(session)
    if incarnation is None:
        raise UnavailableError("issuance", "The service is starting; the trip waits.")
    trip, dossier = examined.prepared.trip, examined.dossier
    queries.lock_trips_of(session, trip.account_id)
    facts: Mapping[str, Fact] = {}
    kept = trips.Kept({}, [], None, None, None, None)
    if dossier is not None:
        finding = dossier.finding
        _attest(session, trip, finding)
        found = _conflicts(session, trip, dossier)
        _weigh(finding, found, examined.prepared.factors)
        facts = _facts(finding)
        kept = trips.Kept(
            finding,
            dossier.path,
            dossier.start_cell,
            dossier.end_cell,
            dossier.length_m,
            dossier.shape,
        )
    if not trips.keep(session, trip.id, kept):
        return False
    actions.submit(session, _submission(trip, facts), incarnation=incarnation, at=trip.received_at)
    log.info("trip_judged", trip=trip.id, verdict=kept.finding.get("verdict"), at=now.isoformat())
    return True


def attested_trips(session: Session, account_id: str) -> list[Attested]:
    """Return the tickets and receipts that a person has presented lately and that stand."""
    claims = action_queries.of_account(session, account_id, limit=TICKETS_BACK)
    standing = (ClaimState.PENDING, ClaimState.ACCEPTED)
    return [
        attested_by(claim) for claim in claims if claim.kind == "ticket" and claim.state in standing
    ]


def attested_by(claim: Claim) -> Attested:
    """Return what a ticket says, for comparison with a trace."""
    facts = claim.evidence["facts"]
    return Attested(
        reference=claim.public_id,
        mode=facts["mode"],
        distance_m=facts["distance_m"],
        started_at=datetime.fromisoformat(facts["started_at"]),
        ended_at=datetime.fromisoformat(facts["ended_at"]),
    )


def _attest(session: Session, trip: Trip, finding: dict[str, Any]) -> None:
    """Mark the legs that a ticket attests: proved twice, and paid with the ticket."""
    spans = spans_of(finding)
    for ticket in attested_trips(session, trip.account_id):
        for at in agreeing_legs(spans, ticket):
            leg = finding["legs"][at]
            leg |= {"proof_level": "P3", "ticket": ticket.reference, "ticket_mode": ticket.mode}


def _conflicts(session: Session, trip: Trip, dossier: Dossier) -> Mapping[Conflict, int]:
    others = [
        Earlier(other.started_at, other.ended_at, other.start_cell, other.end_cell)
        for other in queries.around(session, trip, margin=NEIGHBOURS)
        if other.finding.get("verdict") != "refused"
    ]
    own = Earlier(trip.started_at, trip.ended_at, dossier.start_cell, dossier.end_cell)
    return conflicts(own, others)


def _weigh(
    finding: dict[str, Any],
    found: Mapping[Conflict, int],
    factors: tuple[EmissionFactor, ...],
) -> None:
    """Complete a finding: conflicts, what may be paid, the highest level, CO2."""
    codes = [reason["code"] for reason in finding["reasons"]]
    finding["signs"] = [code for code in codes if code not in DOUBTS]
    finding["signs"] += [conflict.value for conflict in found]
    if Conflict.OVERLAP in found:
        finding["verdict"] = "refused"
    payable: dict[str, int] = {}
    for leg in finding["legs"]:
        if leg["proof_level"] == "P1":
            payable[leg["mode"]] = payable.get(leg["mode"], 0) + leg["distance_m"]
    finding["payable"] = payable
    levels = [leg["proof_level"] for leg in finding["legs"]]
    finding["proof_level"] = max(levels, default="P0")
    finding["co2_avoided_g"], finding["factors"] = co2_of(finding, factors)


def _facts(finding: Mapping[str, Any]) -> Mapping[str, Fact]:
    """Return the facts of the claim: plain values, for the verifier and the rulebook."""
    totals: dict[str, int] = {}
    for leg in finding["legs"]:
        totals[leg["mode"]] = totals.get(leg["mode"], 0) + leg["distance_m"]
    payable = finding["payable"]
    mode = max(payable, key=lambda name: payable[name], default=None)
    signs = finding["signs"]
    explained = [code for code in _codes(finding) if code in DOUBTS]
    if finding["verdict"] == "refused":
        # The conflict that refuses is said first; it is the last that was found.
        explained = [code for code in signs[::-1] if code != "same_movement"] or signs
    return {
        "verdict": finding["verdict"],
        "mode": mode,
        "distance_m": payable[mode] if mode is not None else None,
        "main_mode": max(totals, key=lambda name: totals[name], default=None),
        "total_m": finding["distance_m"],
        "co2_avoided_g": finding["co2_avoided_g"],
        "reasons": ",".join(dict.fromkeys(explained)),
        "signs": ",".join(dict.fromkeys(signs)),
    }


def _codes(finding: Mapping[str, Any]) -> list[str]:
    codes = [reason["code"] for reason in finding["reasons"]]
    if any("ticket" in leg for leg in finding["legs"]):
        codes = [code for code in codes if code != "needs_witness"] + ["paid_with_ticket"]
    return codes


def _submission(trip: Trip, facts: Mapping[str, Fact]) -> actions.Submission:
    evidence = Evidence(
        kind="trip",
        code_key=f"trip:{trip.content_key[:40]}",
        device_number=trip.device_number,
        occurred_at=trip.ended_at,
        facts=facts,
    )
    return actions.Submission(
        account_id=trip.account_id,
        idempotency_key=f"trip-{trip.id}",
        body_hash=trip.content_key,
        code="",
        evidence=evidence,
        refusal_code=None,
        public_id=trip.id,
    )
