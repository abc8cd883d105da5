"""The steps of trips: what waits is judged, what is old is forgotten."""

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

from backend.db.engine import Database
from backend.jobs.context import Context
from backend.jobs.gbfs import BikeFeeds
from backend.jobs.steps.trips import TripJudge, forget_old
from backend.trips import queries
from backend.trips.rules import KEEP_PATH
from tests.support import builders, rides, travel
from tests.support.clock import FrozenClock


def test_a_waiting_trip_is_judged_and_its_map_forgotten_in_time(
    sqlite_database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(sqlite_database, clock)
    builders.make_edition(sqlite_database, clock)
    # These steps use nothing else of their context.
    context = cast(
        "Context", SimpleNamespace(database=sqlite_database, clock=clock, bikes=BikeFeeds())
    )
    judge = TripJudge()
    assert not judge.run(context), "nothing waits"
    trip = travel.hand_in(sqlite_database, clock, "alice", rides.ride(ended_at=clock.now()))

    assert judge.run(context)

    assert travel.decide(sqlite_database, clock).public_id == trip.id
    with sqlite_database.reading() as session:
        assert len(queries.factors(session)) > 20, "the table of factors was filled"
    assert not forget_old(context)
    clock.set(clock.now() + KEEP_PATH + timedelta(seconds=1))
    assert forget_old(context)
    assert travel.kept(sqlite_database, trip.id).path == []
