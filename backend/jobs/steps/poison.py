"""One bad reward must not hold up the others of its batch: find it, set it aside, go on."""

from collections.abc import Sequence

import structlog

from backend.chain.errors import CallRevertedError
from backend.db import event_log
from backend.jobs.context import Context
from backend.rewards import service as rewards

POISON = frozenset(
    {
        "EcoToken_ItemUnitsRefused",
        "EcoToken_NotCitizen",
        "EcoToken_IncarnationUnknown",
    }
)
"""Errors that one reward causes by itself; all others (paused, limit used up, edition
suspended) say that the whole batch has to wait."""
TOO_LARGE = frozenset(
    {
        "RewardIssuer_BatchTooLarge",
        "RewardIssuer_BatchSizeRefused",
        "RewardIssuer_MinterBudgetExceeded",
        "RewardIssuer_GlobalBudgetExceeded",
        "EcoToken_DailyCeilingExceeded",
    }
)
"""Errors that a smaller batch may not meet."""

Item = tuple[int, bytes]
"""Reward id and its mint word."""

log = structlog.get_logger()


def is_poison(context: Context, error: CallRevertedError) -> bool:
    """Tell whether a single reward explains that the contract refuses a batch."""
    return context.contracts.error_name(error.reason) in POISON


def is_too_large(context: Context, error: CallRevertedError) -> bool:
    """Tell whether half of the batch may pass now."""
    return context.contracts.error_name(error.reason) in TOO_LARGE


def quarantine_poison(context: Context, edition_number: int, items: Sequence[Item]) -> int:
    """Find the rewards that the contract refuses by themselves and set them aside.

    Effects: rewards QUARANTINED, one staff event each.
    """
    found = _poisoned(context, edition_number, items)
    now = context.clock.now()
    for reward_id, name in found:
        with context.database.transaction() as session:
            if rewards.quarantine(session, reward_id):
                log.error("reward_quarantined", reward_id=reward_id, reason=name)
                event_log.append(
                    session,
                    kind="reward_quarantined",
                    subject=str(reward_id),
                    audience=event_log.STAFF,
                    at=now,
                    reason=name,
                )
    return len(found)


def _poisoned(
    context: Context, edition_number: int, items: Sequence[Item]
) -> list[tuple[int, str]]:
    name = _refusal(context, edition_number, items)
    if name not in POISON:
        return []
    if len(items) == 1:
        return [(items[0][0], name)]
    half = len(items) // 2
    return [
        *_poisoned(context, edition_number, items[:half]),
        *_poisoned(context, edition_number, items[half:]),
    ]


def _refusal(context: Context, edition_number: int, items: Sequence[Item]) -> str:
    minter = context.sender("minter").address
    calldata = context.contracts.dry_run(minter, edition_number, [word for _, word in items])
    try:
        context.node.call(to_address=context.contracts.address("RewardIssuer"), calldata=calldata)
    except CallRevertedError as error:
        return context.contracts.error_name(error.reason)
    return ""
