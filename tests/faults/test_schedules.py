"""No reward lost, none paid twice, none stuck, whatever breaks; a seed replays any failure."""

import os
import shutil
from pathlib import Path

import pytest

from tests.faults.schedule import Schedule

SEEDS = int(os.environ.get("CALANQUE_FAULT_SEEDS", "20"))
"""`make faults` plays more; each seed is one schedule of 20 rewards and at least 3 faults."""
CHUNK = 5


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_each_reward_is_minted_exactly_once(
    first: int, sqlite_template: Path, tmp_path: Path
) -> None:
    failures = {}
    for seed in range(first, first + CHUNK):
        path = tmp_path / f"{seed}.db"
        shutil.copy(sqlite_template, path)
        schedule = Schedule(f"sqlite:///{path}", seed)
        schedule.run()
        complaints = schedule.complaints()
        schedule.close()
        path.unlink()
        if complaints:
            failures[seed] = complaints

    assert failures == {}
