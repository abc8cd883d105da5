"""The watcher's hand: when somebody else mints, the guardian stops issuance on chain (I-5)."""

from backend.batches import queries
from backend.batches.rules import BatchKind
from backend.books import queries as book_queries
from backend.jobs.context import GUARDIAN_KEY, Context
from backend.jobs.reserve import reserve


def pause_on_orphans(context: Context) -> bool:
    """Have the guardian pause mints while an unexplained one stands.

    Lifting the pause is the admin's decision, not ours.
    """
    with context.database.reading() as session:
        orphans = book_queries.unexplained_mints(session, context.genesis_hash)
        is_asked = queries.count_open(session, context.genesis_hash, BatchKind.PAUSE_MINT) > 0
    if not orphans or is_asked:
        return False
    token = context.contracts.address("EcoToken")
    answer = context.node.call(to_address=token, calldata=context.contracts.mint_paused())
    if any(answer):
        return False
    batch = reserve(
        context,
        kind=BatchKind.PAUSE_MINT,
        key_label=GUARDIAN_KEY,
        contract="EcoToken",
        calldata=context.contracts.pause_mint(),
        attach=lambda _session, _batch: True,
    )
    return batch is not None
