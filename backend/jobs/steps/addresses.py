"""Chain addresses for accounts that signed up, and our copies of what their keys come from."""

from functools import partial

from backend.accounts import addresses
from backend.accounts import queries as account_queries
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.wallet_client import KeptAddress

MAX_PER_STEP = 100


def provide_addresses(context: Context) -> bool:
    """Ask the wallet service for the first address of each new account."""
    with context.database.reading() as session:
        waiting = account_queries.needing_address(
            session, genesis_hash=context.genesis_hash, limit=MAX_PER_STEP
        )
        unsalted = account_queries.without_salt(
            session, genesis_hash=context.genesis_hash, limit=MAX_PER_STEP
        )
    did_any = each(waiting, partial(_provide, context))
    # Addresses from before there were copies.
    return each(unsalted, partial(_copy_salt, context)) or did_any


def _provide(context: Context, account_id: str) -> bool:
    made = _ask(context, account_id)
    with context.database.transaction() as session:
        return addresses.add_address(
            session,
            account_id=account_id,
            genesis_hash=context.genesis_hash,
            address=made.address,
            sealed_salt=made.sealed_salt,
            index=0,
            now=context.clock.now(),
        )


def _copy_salt(context: Context, account_id: str) -> bool:
    made = _ask(context, account_id)
    with context.database.transaction() as session:
        return addresses.note_salt(
            session, context.genesis_hash, made.address, sealed_salt=made.sealed_salt
        )


def _ask(context: Context, account_id: str) -> KeptAddress:
    return context.wallet.create_account(
        request_id=f"account/{context.genesis_hash}/{account_id}/0",
        account_ref=account_id,
        genesis_hash=context.genesis_hash,
    )
