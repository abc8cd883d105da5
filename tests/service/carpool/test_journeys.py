"""Journeys on both databases: checks on arrival, what the register says later."""

from datetime import timedelta
from typing import Any

import pytest

from backend.carpool.errors import JourneyChangedError
from backend.carpool.models import CarpoolJourney
from backend.carpool.rules import JourneyState, RegisterStatus
from backend.db.engine import Database
from backend.territory.geo import Position
from backend.workflows.carpool import Admission, admit_journey, conclude_journey
from tests.support.clock import FrozenClock

HERE = Position(43_292_000, 5_570_000)
MINUTES = timedelta(minutes=1)


class Reports:
    """Reports journeys; each one starts when the clock says unless told otherwise."""

    def __init__(self, database: Database, clock: FrozenClock) -> None:
        self.database = database
        self.clock = clock

    def report(self, journey_id: str, **changes: Any) -> Admission:
        """Report a journey of Alice, driving Bob for twenty minutes."""
        now = self.clock.now()
        facts: dict[str, Any] = {
            "operator_number": 1,
            "operator_journey_id": journey_id,
            "operator_trip_id": f"trip-{journey_id}",
            "operator_class": "C",
            "driver": "alice",
            "passenger": "bob",
            "driver_serial": f"{journey_id}-D",
            "passenger_serial": f"{journey_id}-P",
            "started_at": now,
            "ended_at": now + 20 * MINUTES,
            "distance_m": 12_000,
            "body_hash": journey_id,
            "labels": [],
            "received_at": now + 20 * MINUTES,
        }
        with self.database.transaction() as session:
            journey = CarpoolJourney(**(facts | changes))
            return admit_journey(session, journey, start=HERE, end=HERE, now=now)

    def conclude(self, admission: Admission, status: RegisterStatus, *labels: str) -> bool:
        """Let the register answer; tell whether the journey lost its reward by it."""
        with self.database.transaction() as session:
            journey_id = admission.journey.id or 0
            found = conclude_journey(session, journey_id, status, labels, now=self.clock.now())
            return found.state == JourneyState.REFUSED

    def journey(self, admission: Admission) -> CarpoolJourney:
        """Return a journey as it stands."""
        with self.database.reading() as session:
            return session.get_one(CarpoolJourney, admission.journey.id)


@pytest.fixture
def reports(database: Database, clock: FrozenClock) -> Reports:
    return Reports(database, clock)


def codes_of(journey: CarpoolJourney) -> list[str]:
    return [label["code"] for label in journey.labels]


def test_a_good_journey_waits_for_the_register(reports: Reports, clock: FrozenClock) -> None:
    admission = reports.report("J1")

    assert admission.refusal is None
    assert admission.journey.state == JourneyState.RECORDED
    assert admission.journey.next_check_at == clock.now() + timedelta(hours=48)


def test_a_repeat_gets_the_same_answer(reports: Reports) -> None:
    first, second = reports.report("J1"), reports.report("J1")

    assert second.journey.id == first.journey.id
    assert second.refusal is None


def test_the_same_id_with_other_facts_is_refused(reports: Reports) -> None:
    reports.report("J1")

    with pytest.raises(JourneyChangedError):
        reports.report("J1", body_hash="other")


def test_a_ticket_serial_belongs_to_one_journey(reports: Reports) -> None:
    reports.report("J1")

    with pytest.raises(JourneyChangedError):
        reports.report("J2", passenger_serial="J1-P")


def test_a_short_journey_is_kept_with_its_label(reports: Reports) -> None:
    admission = reports.report("J1", distance_m=1_999)

    assert admission.refusal is not None
    assert admission.refusal.facts["labels"] == ["distance_too_short"]
    assert reports.journey(admission).state == JourneyState.REFUSED


def test_the_fifth_trip_of_a_day_is_refused(reports: Reports, clock: FrozenClock) -> None:
    for number in range(4):
        assert reports.report(f"J{number}", passenger=f"p{number}").refusal is None
        clock.advance(minutes=30)

    admission = reports.report("J4", passenger="p4")

    assert codes_of(reports.journey(admission)) == ["too_many_trips_by_day"]


def test_a_refused_trip_counts_towards_no_limit(reports: Reports, clock: FrozenClock) -> None:
    for number in range(4):
        assert reports.report(f"J{number}", passenger=f"p{number}", distance_m=100).refusal
        clock.advance(minutes=30)

    assert reports.report("J4", passenger="p4").refusal is None


def test_an_ok_confirms_and_keeps_watching(reports: Reports, clock: FrozenClock) -> None:
    admission = reports.report("J1")
    clock.advance(hours=48)

    assert not reports.conclude(admission, RegisterStatus.OK)

    journey = reports.journey(admission)
    assert journey.state == JourneyState.CONFIRMED
    assert journey.next_check_at == clock.now() + timedelta(days=1)


def test_a_journey_closes_after_forty_days(reports: Reports, clock: FrozenClock) -> None:
    admission = reports.report("J1")
    clock.advance(days=40)

    reports.conclude(admission, RegisterStatus.OK)

    assert reports.journey(admission).state == JourneyState.CLOSED
    assert reports.journey(admission).next_check_at is None


def test_a_later_invalidation_ends_a_confirmed_journey(
    reports: Reports, clock: FrozenClock
) -> None:
    admission = reports.report("J1")
    clock.advance(hours=48)
    reports.conclude(admission, RegisterStatus.OK)
    clock.advance(days=20)

    assert reports.conclude(admission, RegisterStatus.CANCELED)

    assert reports.journey(admission).state == JourneyState.REFUSED
    assert codes_of(reports.journey(admission)) == ["canceled"]


def test_keeps_the_registers_reasons(reports: Reports, clock: FrozenClock) -> None:
    admission = reports.report("J1")
    clock.advance(hours=48)

    reports.conclude(admission, RegisterStatus.FRAUD_ERROR, "interoperator_overlap")

    assert codes_of(reports.journey(admission)) == ["interoperator_overlap"]


def test_silence_is_no_proof(reports: Reports, clock: FrozenClock) -> None:
    admission = reports.report("J1")
    clock.advance(days=7)

    assert reports.conclude(admission, RegisterStatus.UNKNOWN)

    assert codes_of(reports.journey(admission)) == ["register_silent"]


def test_silence_does_not_end_a_confirmed_journey(reports: Reports, clock: FrozenClock) -> None:
    admission = reports.report("J1")
    clock.advance(hours=48)
    reports.conclude(admission, RegisterStatus.OK)
    clock.advance(days=7)

    assert not reports.conclude(admission, RegisterStatus.PENDING)

    assert reports.journey(admission).state == JourneyState.CONFIRMED


def test_one_trip_sold_to_two_operators_is_refused_even_with_an_ok(
    reports: Reports, clock: FrozenClock
) -> None:
    reports.report("J1")
    clock.advance(minutes=2)
    twin = reports.report("J2", operator_number=2)
    assert twin.refusal is None
    clock.advance(hours=48)

    assert reports.conclude(twin, RegisterStatus.OK)

    assert codes_of(reports.journey(twin)) == ["interoperator_overlap_trip"]
