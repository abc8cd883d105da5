"""After a restore of the wallet service's store: hand back what account keys are derived from."""

from dataclasses import dataclass

from backend.accounts import queries as account_queries
from backend.accounts.models import AccountAddress
from backend.jobs.context import Context
from backend.jobs.wallet_client import SigningRefusedError


@dataclass(frozen=True)
class Returned:
    """What came of it.

    Attributes:
        count: Addresses whose key the wallet service has, kept or made anew.
        refused: Address → why its key is not there.
    """

    count: int
    refused: dict[str, str]


def return_salts(context: Context) -> Returned:
    """Ask the wallet service to know every address of this chain again.

    A key that it has stays as it is, so this can be repeated.

    Raises:
        WalletUnavailableError: No answer; what was handed back before stays.
    """
    with context.database.reading() as session:
        rows = account_queries.salted(session, context.genesis_hash)
    refused = {row.address: reason for row in rows if (reason := _return(context, row))}
    return Returned(len(rows) - len(refused), refused)


def _return(context: Context, row: AccountAddress) -> str:
    """Return why a key is not there; empty when it is."""
    try:
        made = context.wallet.create_account(
            request_id=f"salt/{row.genesis_hash}/{row.account_id}/{row.index}",
            account_ref=row.account_id,
            genesis_hash=row.genesis_hash,
            index=row.index,
            sealed_salt=row.sealed_salt,
        )
    except SigningRefusedError as error:
        return str(error.facts["reason"])
    return "" if made.address == row.address else f"the store has {made.address} in its place"
