"""What tests of trips do: hand one in, judge it, decide its claim."""

from datetime import datetime

from sqlmodel import select

from backend.actions.models import Claim, Verdict
from backend.db.engine import Database
from backend.mobility.trace import Area
from backend.trips.models import Trip
from backend.trips.rules import TripSource
from backend.workflows import admit_trip, judge_trip
from backend.workflows.decide_claim import Outcome, decide_next
from backend.workflows.timetables import Timetables
from tests.support import rides
from tests.support.builders import REGION
from tests.support.clock import FrozenClock

EVERYWHERE = Area(-90.0, -180.0, 90.0, 180.0)


def hand_in(
    database: Database,
    clock: FrozenClock,
    account_id: str,
    body: bytes,
    *,
    key: str = "key-00001",
    source: TripSource = TripSource.PHONE,
    operator: int = 0,
) -> Trip:
    """Store a trip as the API does."""
    sender = admit_trip.Sender(account_id, key, source, operator)
    new = admit_trip.read(body, sender, area=EVERYWHERE, now=clock.now())
    with database.transaction() as session:
        return admit_trip.admit(session, new, now=clock.now())


def judge(database: Database, clock: FrozenClock) -> bool:
    """Judge the trip that waits longest, as the jobs do."""
    with database.reading() as session:
        prepared = judge_trip.prepare(session)
        matchers = Timetables().matchers(session)
    assert prepared is not None, "no trip waits"
    examined = judge_trip.examine(prepared, matchers)
    with database.transaction() as session:
        return judge_trip.conclude(session, examined, now=clock.now())


def decide(database: Database, clock: FrozenClock) -> Outcome:
    """Decide the claim that waits longest."""
    with database.transaction() as session:
        outcome = decide_next(session, region=REGION, now=clock.now())
    assert outcome is not None, "no claim waits"
    return outcome


def travel(
    database: Database,
    clock: FrozenClock,
    account_id: str,
    *,
    ended_at: datetime,
    name: str = rides.BIKE,
    body: bytes | None = None,
    key: str = "key-00001",
) -> tuple[Trip, Outcome]:
    """Hand in, judge and decide one recording; return the trip as kept and its outcome."""
    content = body or rides.ride(name, ended_at=ended_at)
    trip = hand_in(database, clock, account_id, content, key=key)
    judge(database, clock)
    outcome = decide(database, clock)
    return kept(database, trip.id), outcome


def kept(database: Database, trip_id: str) -> Trip:
    """Return a trip as it stands in the database."""
    with database.reading() as session:
        return session.get_one(Trip, trip_id)


def verdict(database: Database, public_id: str) -> Verdict:
    """Return the verdict on a claim."""
    with database.reading() as session:
        claim = session.exec(select(Claim).where(Claim.public_id == public_id)).one()
        return session.exec(select(Verdict).where(Verdict.claim_id == claim.id)).one()
