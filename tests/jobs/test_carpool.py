"""A shared ride from the operator's report to points, and what a later invalidation does."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.accounts.models import Account
from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState
from backend.carpool.models import CarpoolJourney
from backend.carpool.rules import JourneyState, RegisterStatus
from backend.jobs.carpool_register import JourneyStatus
from backend.jobs.steps import carpool as step
from backend.ledger import names
from backend.mobility.fraud.nullifiers import Act, nullifiers
from backend.partners import service as partners
from backend.partners.models import Nullifier
from backend.rewards.models import Adjustment, Counter, Reward
from backend.rewards.rules import RewardState
from backend.territory.geo import Position
from backend.workflows.carpool import admit_journey
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.works import Works

HERE = Position(43_292_000, 5_570_000)
UNITS = 100
"""What amp-2026-1 pays for 12 km."""


class Ride:
    """One shared ride of an operator, reported and claimed by the driver."""

    def __init__(self, works: Works, operator: Terminal, driver: Account) -> None:
        self.works, self.operator, self.driver = works, operator, driver

    def report(self, **changes: Any) -> None:
        """Report the journey; it ended just now."""
        now = self.works.clock.now()
        facts: dict[str, Any] = {
            "operator_number": self.operator.number,
            "operator_journey_id": "J1",
            "operator_trip_id": "T1",
            "operator_class": "C",
            "driver": "d" * 64,
            "passenger": "e" * 64,
            "driver_serial": "J1D",
            "passenger_serial": "J1P",
            "started_at": now - timedelta(minutes=20),
            "ended_at": now,
            "distance_m": 12_000,
            "body_hash": "hash",
            "labels": [],
            "received_at": now,
        }
        with self.works.database.transaction() as session:
            journey = CarpoolJourney(**(facts | changes))
            admit_journey(session, journey, start=HERE, end=HERE, now=now)

    def claim(self) -> Claim:
        """Claim the driver's ticket."""
        code = self.operator.ticket_code(mode="carpool", distance_m=12_000, serial="J1D")
        return self.works.claim(self.driver.id, code)

    def after(self, status: RegisterStatus, *labels: str, **delta: int) -> None:
        """Let time pass and the register say something, and run the jobs."""
        self.works.register.put("J1", status, *labels)
        self.works.clock.advance(**delta)
        self.works.run()

    def state(self) -> str:
        (journey,) = self.works.all(CarpoolJourney)
        return journey.state


@pytest.fixture
def ride(works: Works, alice: Account) -> Ride:
    return Ride(works, builders.make_operator(works.database, works.clock), alice)


def test_a_ride_is_paid_when_the_register_confirms_it(ride: Ride, alice: Account) -> None:
    ride.report()
    ride.claim()
    ride.works.run()
    assert ride.works.states(Reward) == [RewardState.HELD]

    ride.after(RegisterStatus.OK, hours=48)

    assert ride.works.states(Reward) == [RewardState.CONFIRMED]
    assert ride.works.units(names.confirmed(alice.id)) == UNITS
    assert ride.state() == JourneyState.CONFIRMED


@pytest.mark.parametrize("status", [RegisterStatus.PENDING, RegisterStatus.UNKNOWN])
def test_time_alone_pays_no_ride(ride: Ride, alice: Account, status: RegisterStatus) -> None:
    ride.report()
    ride.claim()
    ride.after(status, days=6)
    assert ride.works.states(Reward) == [RewardState.HELD]

    ride.after(status, days=2)

    assert ride.works.states(Reward) == [RewardState.CANCELLED]
    assert ride.works.units(names.pending(alice.id)) == 0


def test_a_register_that_is_away_pays_nothing_and_loses_nothing(ride: Ride, alice: Account) -> None:
    ride.report()
    ride.claim()
    ride.works.register.is_down = True
    ride.after(RegisterStatus.OK, hours=48)
    assert ride.works.states(Reward) == [RewardState.HELD]

    ride.works.register.is_down = False
    ride.after(RegisterStatus.OK, hours=2)

    assert ride.works.units(names.confirmed(alice.id)) == UNITS


def test_an_invalidation_while_pending_takes_the_reward_back(ride: Ride, alice: Account) -> None:
    ride.report()
    ride.claim()
    ride.works.run()

    ride.after(RegisterStatus.FRAUD_ERROR, "interoperator_overlap", hours=48)

    assert ride.works.states(Reward) == [RewardState.CANCELLED]
    assert ride.works.units(names.pending(alice.id)) == 0
    assert {row.used for row in ride.works.all(Counter)} == {0}
    assert [row.kind for row in ride.works.all(Adjustment)] == ["taken_back"]


def test_an_invalidation_after_payment_is_recorded_as_owed_once(ride: Ride, alice: Account) -> None:
    ride.report()
    ride.claim()
    ride.after(RegisterStatus.OK, hours=48)

    ride.after(RegisterStatus.CANCELED, days=20)
    ride.after(RegisterStatus.CANCELED, days=1)

    assert ride.works.units(names.confirmed(alice.id)) == UNITS
    (owed,) = ride.works.all(Adjustment)
    assert (owed.kind, owed.units) == ("owed", UNITS)
    assert ride.state() == JourneyState.REFUSED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"distance_m": 1_000}, "carpool_refused"),
        ({"operator_class": "A"}, "carpool_class_too_low"),
        ({"driver_serial": "other"}, "carpool_journey_missing"),
    ],
)
def test_a_ride_that_proves_nothing_is_refused_with_its_reason(
    ride: Ride, changes: dict[str, Any], code: str
) -> None:
    ride.report(**changes)
    ride.claim()

    ride.works.steps()

    (verdict,) = ride.works.all(Verdict)
    assert verdict.state == ClaimState.REFUSED
    assert [reason["code"] for reason in verdict.reasons] == [code]


# --- partner schemes --------------------------------------------------------------------------

KEY = bytes(range(32))


def test_a_trip_that_a_partner_has_paid_goes_to_a_person(ride: Ride, alice: Account) -> None:
    works = ride.works
    works.context = replace(works.context, partner_keys={77: KEY})
    ride.report()
    now = works.clock.now().replace(microsecond=0)
    act = Act(str(alice.email), "carpool", now - timedelta(minutes=20), now)
    with works.database.transaction() as session:
        partners.store(session, 77, nullifiers(act, key=KEY), direction="theirs", at=now)
    ride.claim()

    works.steps()

    (verdict,) = works.all(Verdict)
    assert verdict.state == ClaimState.REVIEW
    assert "sold_elsewhere" in [reason["code"] for reason in verdict.reasons]


def test_partners_hear_of_a_paid_trip_and_nothing_of_who(ride: Ride, alice: Account) -> None:
    works = ride.works
    works.context = replace(works.context, partner_keys={77: KEY, 78: bytes(32)})
    ride.report()
    ride.claim()

    works.steps()

    rows = works.all(Nullifier)
    assert {row.partner_number for row in rows} == {77, 78}
    assert {row.direction for row in rows} == {"ours"}
    assert not {row.nullifier for row in rows if row.partner_number == 77} & {
        row.nullifier for row in rows if row.partner_number == 78
    }


def test_a_slow_register_gets_one_question_a_round(
    works: Works, ride: Ride, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        ride.report(
            operator_journey_id=f"J{number}",
            operator_trip_id=f"T{number}",
            driver=f"{number}" * 64,
            passenger=f"{number + 5}" * 64,
            driver_serial=f"J{number}D",
            passenger_serial=f"J{number}P",
        )
    works.clock.advance(hours=49)
    asked: list[str] = []

    def slow(operator_number: int, operator_journey_id: str) -> JourneyStatus:
        asked.append(operator_journey_id)
        return JourneyStatus(RegisterStatus.PENDING)

    monkeypatch.setattr(works.register, "status", slow)
    # Each look at the watch is a second and a half later than the one before.
    monkeypatch.setattr(
        "backend.jobs.steps.carpool.time.monotonic", itertools.count(0.0, 1.5).__next__
    )

    assert step.ask_register(works.context) is False
    assert len(asked) == 1
    monkeypatch.setattr("backend.jobs.steps.carpool.time.monotonic", lambda: 0.0)
    assert step.ask_register(works.context) is False
    assert sorted(asked) == ["J0", "J1", "J2"]
