"""Trips: recorded ones are judged and become claims; maps and fingerprints are forgotten."""

from backend.jobs.context import Context
from backend.trips import service as trips
from backend.workflows import emission_table, judge_trip, shared_rides
from backend.workflows.timetables import Timetables

MAX_PER_STEP = 10
"""Some 20 ms each; claims that wait behind them should not notice."""


class TripJudge:
    """Judges what was received; keeps the timetables in memory between runs."""

    def __init__(self) -> None:
        self._timetables = Timetables()
        self._has_factors = False

    def run(self, context: Context) -> bool:
        """Judge some trips, each with its computation outside of any transaction."""
        self._seed(context)
        context.bikes.refresh()
        for done in range(MAX_PER_STEP):
            with context.database.reading() as session:
                prepared = judge_trip.prepare(session)
                if prepared is None:
                    return done > 0
                matchers = self._timetables.matchers(session)
            examined = judge_trip.examine(prepared, matchers, context.bikes.systems())
            with context.database.transaction() as session:
                if judge_trip.conclude(session, examined, now=context.clock.now()):
                    # In the same transaction: the points of the trip are gone after it.
                    shared_rides.hand_over(session, prepared.trip, prepared.trace)
        return True

    def _seed(self, context: Context) -> None:
        if not self._has_factors:
            with context.database.transaction() as session:
                emission_table.seed(session)
            self._has_factors = True


def forget_old(context: Context) -> bool:
    """Delete maps after a month and fingerprints after 400 days."""
    with context.database.transaction() as session:
        return trips.forget(session, context.clock.now()) > 0
