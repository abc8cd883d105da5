"""With any one guard taken out the harness fails: it can see what the guards are for."""

from pathlib import Path

import pytest

from tests.faults.broken import BROKEN, Broken
from tests.faults.play import play_plan


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.guard)
def test_a_missing_guard_is_noticed(broken: Broken, template: Path) -> None:
    assert _complaints(broken, template)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.guard)
def test_the_same_schedule_is_kept_with_the_guard_in_place(broken: Broken, template: Path) -> None:
    outcome, _ = play_plan(template, broken.plan, 0)

    assert outcome.complaints == []


def _complaints(broken: Broken, template: Path) -> list[str]:
    for seed in range(broken.seeds):
        with broken.without():
            outcome, _ = play_plan(template, broken.plan, seed)
        if outcome.complaints:
            return outcome.complaints
    return []
