"""Whatever happens in whatever order, with crashes and replays: the euro are the points."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.db.engine import Database
from tests.support import euro_schedule
from tests.support.clock import FrozenClock

SCHEDULES = 12


@settings(
    max_examples=SCHEDULES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(st.integers(0, 2**32 - 1), min_size=5, max_size=25),
    seed=st.integers(0, 2),
)
def test_euro_paid_are_points_burned_at_their_rate(
    database: Database, clock: FrozenClock, steps: list[int], seed: int
) -> None:
    euro_schedule.play(database, clock, steps, seed=seed)
