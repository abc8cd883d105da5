"""Verdicts: claims become receipts and rewards."""

from backend.jobs.context import Context
from backend.rewards import service as rewards
from backend.workflows.decide_claim import decide_next

MAX_PER_STEP = 50
"""So that a burst of claims does not keep the sender from its own work."""


def decide_pending(context: Context) -> bool:
    """Decide pending claims, one transaction each."""
    for done in range(MAX_PER_STEP):
        with context.database.transaction() as session:
            outcome = decide_next(
                session,
                region=context.region_codes,
                partner_keys=context.partner_keys,
                now=context.clock.now(),
            )
        if outcome is None:
            return done > 0
    return True


def release_held(context: Context) -> bool:
    """Make held tranches ready whose time has come."""
    with context.database.transaction() as session:
        return rewards.release_due(session, context.clock.now()) > 0
