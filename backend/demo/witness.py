"""Looks behind the API: which transaction did it, and does the chain say so too?"""

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.batches import queries as batch_queries
from backend.demo.processes import DemoError
from backend.jobs.context import Context
from backend.jobs.reconcile import Report, reconcile
from backend.jobs.runner import connect
from backend.market.models import Payment
from backend.rewards import queries as reward_queries
from backend.rulebook import queries as rulebook_queries
from backend.settings import Settings
from backend.settlement.models import CashOut


class Witness:
    """Checks in database and chain what the API said.

    Args:
        settings: Of the running system.
    """

    def __init__(self, settings: Settings) -> None:
        self._context: Context = connect(settings)

    def close(self) -> None:
        """Close the connections."""
        self._context.wallet.close()
        self._context.guardian.close()
        self._context.database.dispose()

    def mint_of(self, claim_id: str) -> str:
        """Return the transaction that minted a claim's reward, in words."""
        with self._context.database.reading() as session:
            claim = action_queries.by_public_id(session, claim_id)
            rewards = reward_queries.of_claim(session, (claim.id or 0) if claim else 0)
            found = self._transaction(session, rewards[0].batch_id if rewards else None)
        for reward in rewards:
            calldata = self._context.contracts.is_consumed(reward.reward_id)
            token = self._context.contracts.address("EcoToken")
            if not any(self._context.node.call(to_address=token, calldata=calldata)):
                msg = f"the chain does not know reward {reward.reward_id}"
                raise DemoError(msg)
        return found

    def payment(self, payment_id: str) -> str:
        """Return the transaction of a payment, in words."""
        with self._context.database.reading() as session:
            payment = session.get(Payment, payment_id)
            return self._transaction(session, payment.batch_id if payment else None)

    def cash_out(self, cash_out_id: str) -> str:
        """Return the transaction of a cash-out, in words."""
        with self._context.database.reading() as session:
            cash_out = session.get(CashOut, cash_out_id)
            return self._transaction(session, cash_out.batch_id if cash_out else None)

    def edition(self, number: int) -> str:
        """Return the transaction that published an edition, in words."""
        with self._context.database.reading() as session:
            edition = rulebook_queries.get(session, number)
            return self._transaction(session, edition.batch_id if edition else None)

    def reconcile(self) -> Report:
        """Compare the three books."""
        return reconcile(self._context)

    def _transaction(self, session: Session, batch_id: str | None) -> str:
        batch = batch_queries.get(session, batch_id) if batch_id else None
        if batch is None or batch.tx_hash is None:
            msg = "the database names no transaction for this step"
            raise DemoError(msg)
        mined = self._context.node.mined(batch.tx_hash)
        if mined is None or not mined.is_success:
            msg = f"the chain does not hold transaction {batch.tx_hash}"
            raise DemoError(msg)
        return f"tx {batch.tx_hash}, block {mined.block_number}"
