"""Shared rides: compare the recordings of those that are complete, give up the others."""

from backend.jobs.context import Context
from backend.workflows import shared_rides

MAX_PER_STEP = 20
"""A millisecond or two each."""


def decide_rides(context: Context) -> bool:
    """Decide some complete rides, one transaction each."""
    for done in range(MAX_PER_STEP):
        with context.database.transaction() as session:
            if shared_rides.decide_next(session, now=context.clock.now()) is None:
                return done > 0
    return True


def give_up_rides(context: Context) -> bool:
    """Refuse rides of which a recording never came."""
    with context.database.transaction() as session:
        return shared_rides.give_up(session, now=context.clock.now()) > 0
