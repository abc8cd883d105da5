"""No reward lost, none paid twice, none stuck, whatever breaks; a seed replays any failure."""

from pathlib import Path

import pytest

from tests.faults.kinds import PAIRS
from tests.faults.play import play
from tests.faults.schedule import PAIRS_EACH, REWARDS, pair_name, plan_of

SEEDS = 200
"""Enough that each pair of crash point and fault is played; `make faults` plays more."""
CHUNK = 10


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_each_reward_is_minted_exactly_once(first: int, template: Path) -> None:
    outcomes = [play(template, "schedules", seed)[0] for seed in range(first, first + CHUNK)]

    assert {o.seed: o.complaints for o in outcomes if o.complaints} == {}
    for outcome in outcomes:
        wanted = {pair_name(point, kind) for point, kind in plan_of(outcome.seed).pairs}
        assert wanted == set(outcome.pairs)
        assert outcome.rewards >= REWARDS
        assert sum(outcome.strikes.values()) > PAIRS_EACH


def test_these_seeds_hold_each_pair_of_crash_point_and_fault() -> None:
    planned = {pair_name(*pair) for seed in range(SEEDS) for pair in plan_of(seed).pairs}

    assert planned == {pair_name(*pair) for pair in PAIRS}


def test_a_seed_plays_the_same_again(template: Path) -> None:
    first, again = play(template, "schedules", 3), play(template, "schedules", 3)

    assert first == again
