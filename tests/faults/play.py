"""Play one seed of one suite on a fresh copy of an empty database."""

import gc
import shutil
from collections.abc import Callable
from pathlib import Path

import structlog

from backend.db.migrate import migrate
from tests.faults.kinds import DEEPEST, JAMS, NODE_LIES, reorg_of
from tests.faults.schedule import Outcome, Plan, Schedule, plan_of


def _jams(_seed: int) -> Plan:
    return Plan((), kinds=JAMS, strikes_min=6)


def _reorgs(seed: int) -> Plan:
    return Plan((), kinds=(reorg_of(seed % DEEPEST + 1),), strikes_min=3)


def _liars(_seed: int) -> Plan:
    return Plan((), kinds=NODE_LIES, strikes_min=6, has_liar=True)


SUITES: dict[str, Callable[[int], Plan]] = {
    "schedules": plan_of,
    "liars": _liars,
    "jams": _jams,
    "reorgs": _reorgs,
}
"""Name → what goes wrong in the schedule of a seed."""


def prepare(folder: Path) -> Path:
    """Make an empty, migrated database in a folder, and this process fast and quiet.

    Returns:
        Path of the database, to be copied.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    # What was imported lives as long as the process; looking at it again only costs time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    folder.mkdir(parents=True, exist_ok=True)
    template = folder / "template.db"
    migrate(f"sqlite:///{template}")
    return template


def play(template: Path, suite: str, seed: int) -> tuple[Outcome, list[str]]:
    """Return the outcome of a seed and its moves, one line each."""
    return play_plan(template, SUITES[suite](seed), seed)


def play_plan(template: Path, plan: Plan, seed: int) -> tuple[Outcome, list[str]]:
    """Return the outcome of a seed under a plan and its moves."""
    path = template.with_name("schedule.db")
    shutil.copy(template, path)
    schedule = Schedule(f"sqlite:///{path}", seed, plan)
    try:
        return schedule.run(), schedule.moves
    finally:
        schedule.close()
        for left in path.parent.glob(f"{path.name}*"):
            left.unlink()
