"""Real processes are killed at points and from outside, around a real chain: nothing is lost."""

import pytest

from tests.faults.points import POINTS
from tests.faults.processes import session

SEEDS = {"sqlite": range(0, len(POINTS), 2), "postgresql": range(1, len(POINTS), 2)}
"""Each point once, split over both databases; `make faults-processes` plays 250."""


@pytest.mark.parametrize("database", SEEDS)
def test_killed_processes_lose_and_double_nothing(database: str) -> None:
    seeds = list(SEEDS[database])

    outcomes = list(session.play(database, seeds))

    assert [(o.seed, o.point, o.complaints) for o in outcomes if o.complaints] == []
    assert [outcome.seed for outcome in outcomes] == seeds
    assert all(sum(outcome.deaths.values()) > 0 for outcome in outcomes)
    assert all(outcome.rewards >= 20 for outcome in outcomes)
