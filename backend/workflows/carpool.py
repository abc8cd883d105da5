"""Carpool journeys: take a report in, and act on what the register says later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions.rules import Evidence, Fact
from backend.carpool import queries, service
from backend.carpool.errors import JourneyRefusedError
from backend.carpool.models import CarpoolJourney
from backend.carpool.rules import JourneyState, RegisterStatus, next_check
from backend.mobility.carpool import rules as checks
from backend.mobility.carpool.rules import Label
from backend.mobility.carpool.trips import CarpoolTrip, TripStatus
from backend.rewards import service as rewards
from backend.territory import queries as territory_queries
from backend.territory.geo import Position
from backend.workflows import adjust
from backend.workflows.grant import CARPOOL

_STATUS_HERE = {
    JourneyState.RECORDED: TripStatus.PENDING,
    JourneyState.CONFIRMED: TripStatus.OK,
    JourneyState.CLOSED: TripStatus.OK,
    JourneyState.REFUSED: TripStatus.TERMS_VIOLATION,
}


@dataclass(frozen=True)
class Admission:
    """A stored journey and why it earns nothing, if it does not."""

    journey: CarpoolJourney
    refusal: JourneyRefusedError | None


def admit_journey(
    session: Session, journey: CarpoolJourney, *, start: Position, end: Position, now: datetime
) -> Admission:
    """Store a reported journey after the register's checks on arrival.

    A repeat of the same report gets the same answer. The refusal is returned and not raised, so
    that the journey is kept with its labels. Of both positions only the commune is kept.

    Raises:
        JourneyChangedError: The id was reported before with other facts.
    Effects: one journey.
    """
    trip = trip_of(journey)
    neighbours = [trip_of(one) for one in queries.around(session, journey)]
    areas = territory_queries.commune_index(session)
    journey.start_commune_code = areas.code_at(start)
    journey.end_commune_code = areas.code_at(end)
    journey.next_check_at = next_check(None, started_at=journey.started_at, now=now)
    standing, is_new = service.record(session, journey)
    if is_new:
        labels = [*checks.arrival_labels(trip, neighbours), *checks.plausibility_labels(trip)]
        if labels:
            service.refuse(session, standing, _stored(labels))
    return Admission(standing, _refusal_of(standing))


def conclude_journey(
    session: Session,
    journey_id: int,
    status: RegisterStatus,
    labels: Sequence[str],
    *,
    now: datetime,
) -> CarpoolJourney:
    """Act on the register's answer about a journey.

    Our own checks between operators and of overlaps run at the same time, over all journeys of
    both people: the register runs them within its 48 hours, too.

    Returns:
        The journey as it stands now.
    Effects: the journey; with an ok its rewards may go on; with a refusal what is pending is taken
        back and what was paid is recorded as owed.
    """
    journey = service.note_status(session, journey_id, status, labels, at=now)
    if journey.state == JourneyState.CONFIRMED:
        found = _later_labels(session, journey)
        if found:
            service.refuse(session, journey, _stored(found))
    claim_ids = action_queries.claims_with_codes(session, _code_keys(journey))
    if journey.state == JourneyState.REFUSED:
        for claim_id in claim_ids:
            adjust.take_back(session, claim_id, reason_code="carpool_refused", now=now)
            adjust.owe(session, claim_id, reason_code="carpool_refused", now=now)
    elif queries.is_payable(journey):
        rewards.release_registered(session, claim_ids, at=now)
    return journey


def with_journey(session: Session, evidence: Evidence) -> Evidence:
    """Add the reported journey to a ticket of a shared car trip; other evidence stays as it is."""
    if evidence.kind != "ticket" or evidence.facts.get("mode") != CARPOOL:
        return evidence
    serial = str(evidence.facts.get("serial"))
    journey = queries.by_serial(session, evidence.device_number, serial)
    facts: dict[str, Fact] = {**evidence.facts, "journey": None}
    if journey is not None:
        facts |= {
            "journey": journey.operator_journey_id,
            "journey_state": journey.state,
            "label": str(journey.labels[0]["code"]) if journey.labels else None,
            "operator_class": journey.operator_class,
            "role": "driver" if serial == journey.driver_serial else "passenger",
            # What was reported is what the register judges; the ticket may be written by hand.
            "distance_m": journey.distance_m,
        }
    return replace(evidence, kind=CARPOOL, facts=facts)


def trip_of(journey: CarpoolJourney) -> CarpoolTrip:
    """Return a journey as the checks see it."""
    is_canceled = journey.register_status == RegisterStatus.CANCELED
    return CarpoolTrip(
        trip_id=journey.operator_trip_id,
        operator=str(journey.operator_number),
        driver=journey.driver,
        passenger=journey.passenger,
        started_at=journey.started_at,
        ended_at=journey.ended_at,
        received_at=journey.received_at,
        distance_m=journey.distance_m,
        status=TripStatus.CANCELED if is_canceled else _STATUS_HERE[JourneyState(journey.state)],
    )


def _code_keys(journey: CarpoolJourney) -> tuple[str, ...]:
    number = journey.operator_number
    return (
        f"ticket:{number}:{journey.driver_serial}",
        f"ticket:{number}:{journey.passenger_serial}",
    )


def _later_labels(session: Session, journey: CarpoolJourney) -> list[Label]:
    trips = [trip_of(one) for one in (journey, *queries.around(session, journey))]
    found = [*checks.overlap_labels(trips), *checks.between_operator_labels(trips)]
    return [label for label in found if label.trip_id == journey.operator_trip_id]


def _refusal_of(journey: CarpoolJourney) -> JourneyRefusedError | None:
    if journey.state != JourneyState.REFUSED:
        return None
    codes = [str(label["code"]) for label in journey.labels]
    return JourneyRefusedError(journey.operator_journey_id, codes)


def _stored(labels: Iterable[Label]) -> list[dict[str, str | list[str]]]:
    return [{"code": one.code, "because_of": list(one.because_of)} for one in labels]
