"""Chain addresses for accounts that signed up."""

from functools import partial

from backend.accounts import queries as account_queries
from backend.accounts import service as accounts
from backend.jobs.context import Context
from backend.jobs.each import each

MAX_PER_STEP = 100


def provide_addresses(context: Context) -> bool:
    """Ask the wallet service for the first address of each new account."""
    with context.database.reading() as session:
        waiting = account_queries.needing_address(
            session, genesis_hash=context.genesis_hash, limit=MAX_PER_STEP
        )
    return each(waiting, partial(_provide, context))


def _provide(context: Context, account_id: str) -> bool:
    address = context.wallet.create_account(
        request_id=f"account/{context.genesis_hash}/{account_id}/0",
        account_ref=account_id,
        genesis_hash=context.genesis_hash,
    )
    with context.database.transaction() as session:
        return accounts.add_address(
            session,
            account_id=account_id,
            genesis_hash=context.genesis_hash,
            address=address,
            index=0,
            now=context.clock.now(),
        )
