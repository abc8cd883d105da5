"""One of three nodes lies, queues jam, deep branches are replaced: few seeds of each suite."""

from pathlib import Path

import pytest

from tests.faults.kinds import DEEPEST
from tests.faults.play import play

SEEDS = {
    "liars": range(16),
    "jams": range(8),
    "reorgs": (0, 1, 5, DEEPEST // 2 - 1, DEEPEST - 1),
}
"""The seed of a reorganisation is its depth less one."""


@pytest.mark.parametrize("suite", SEEDS)
def test_every_promise_is_kept(suite: str, template: Path) -> None:
    outcomes = [play(template, suite, seed)[0] for seed in SEEDS[suite]]

    assert {o.seed: o.complaints for o in outcomes if o.complaints} == {}
    unnoticed = [lie for outcome in outcomes for lie in outcome.unnoticed]
    assert unnoticed == []
