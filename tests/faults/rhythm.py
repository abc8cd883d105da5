"""The steps of a process in the virtual time of a schedule, each in its rhythm."""

from dataclasses import dataclass
from datetime import datetime

from backend.jobs import runner
from backend.jobs.context import Context
from tests.faults.trap import Trap

IDLE = frozenset(
    {
        "announce-moves",
        "balances",
        "bank",
        "cancellations",
        "carpool",
        "closings",
        "factors",
        "forecasts",
        "forget-trips",
        "freezes",
        "holds",
        "lone-rides",
        "move-points",
        "offers",
        "payouts",
        "phones",
        "publications",
        "reconcile",
        "rides",
        "rounds",
        "solvency",
        "tidy",
        "tidy_partners",
        "trips",
        "unclaimed",
        "wallet-facts",
        "wallet-proofs",
        "withdraw-moves",
    }
)
"""Steps with nothing to do here: nobody travels, reserves, gives notice or moves to an own wallet,
no bank is told, and the verdict compares the books itself."""


def of_a_new_process() -> "list[Rhythm]":
    """Return the steps that may have something to do, as a process begins them."""
    return [Rhythm(step) for step in runner.steps() if step.name not in IDLE]


@dataclass
class Rhythm:
    """A step of one life of the process, with its rhythm in the schedule's virtual time."""

    _step: runner.Step
    _idle_since: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Tell whether it did something when it ran last, or rested long enough."""
        return (
            self._idle_since is None
            or (now - self._idle_since).total_seconds() >= self._step.every_s
        )

    def step(self, trap: Trap, now: datetime) -> runner.Step:
        """Return it as the runner takes it, naming itself to the trap."""

        def run(context: Context) -> bool:
            trap.step = self._step.name
            self._idle_since = None
            did_any = self._step.run(context)
            self._idle_since = None if did_any else now
            return did_any

        return runner.Step(self._step.name, run, is_safe_in_recovery=self._step.is_safe_in_recovery)
