"""Backups, copies and older wallet stores are started on a real chain: nothing is paid twice."""

from collections.abc import Sequence

import pytest

from tests.faults.processes import story

ACTS = {
    "sqlite": (story.COPY, story.RESTORE, story.AGAIN),
    "postgresql": (story.RESTORE, story.OLDER_STORE),
}
"""`make faults-restores` plays all of them on both."""


@pytest.mark.parametrize(("engine", "acts"), ACTS.items(), ids=ACTS)
def test_a_day_that_no_backup_knows_is_listed_and_paid_once(
    engine: str, acts: Sequence[str]
) -> None:
    lines = story.play(engine, acts)

    print(story.table(engine, lines))
    assert story.complaints(lines) == []
    restored = next(line for line in lines if line.case == story.RESTORE)
    # The deposits that the chain had paid, and two that the backup knew without a verdict.
    assert restored.lost_paid > 0
    assert restored.adopted_units >= 200 * restored.lost_paid
    assert set(restored.listed) == {"mint", "spend", "cash_out"}
