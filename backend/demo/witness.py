"""Looks behind the API: which transaction did it, and does the chain say so too?"""

from datetime import date, datetime, time, timedelta

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.batches import queries as batch_queries
from backend.demo.processes import DemoError
from backend.jobs.context import Context
from backend.jobs.reconcile import Report, reconcile
from backend.jobs.runner import connect
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market.models import Payment, Refund
from backend.merchants import queries as merchant_queries
from backend.offers import queries as offer_queries
from backend.payouts import queries as payout_queries
from backend.rewards import queries as reward_queries
from backend.rulebook import queries as rulebook_queries
from backend.settings import Settings
from backend.settlement.models import CashOut
from backend.settlement.service import Closing
from backend.workflows import close_day


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

    def application(self, siret: str) -> str:
        """Return what is stored of the newest application of an establishment, in words."""
        with self._context.database.reading() as session:
            rows = merchant_queries.open_applications(session)
            found = next((row for row in reversed(rows) if row.siret == siret), None)
        if found is None:
            msg = f"no open application has the SIRET {siret}"
            raise DemoError(msg)
        return f"{found.name}, SIRET {found.siret}, {found.address}: waits for a colleague"

    def registration(self, merchant_id: str) -> str:
        """Return the transaction that registered a merchant, in words."""
        with self._context.database.reading() as session:
            merchant = merchant_queries.merchant(session, merchant_id)
            return self._transaction(session, merchant.batch_id if merchant else None)

    def same_takings(self, merchant_id: str, units: int) -> None:
        """Check what a merchant holds, in the ledger and at the desk.

        Raises:
            DemoError: One of them says another number of units.
        """
        with self._context.database.reading() as session:
            pseudonym = merchant_queries.pseudonyms(session, [merchant_id])[merchant_id]
            booked = ledger_queries.balance(session, names.takings(merchant_id))
        desk = self._context.contracts.address("RedemptionDesk")
        answer = self._context.node.call(
            to_address=desk, calldata=self._context.contracts.takings_of(pseudonym)
        )
        on_chain = int.from_bytes(answer, "big")
        if not booked == on_chain == units:
            msg = f"takings: {units} units expected, {booked} booked, {on_chain} on chain"
            raise DemoError(msg)

    def offer_of(self, merchant_id: str, title: str) -> str:
        """Return the id of a merchant's newest offer, which must have this title."""
        with self._context.database.reading() as session:
            offers = offer_queries.of_merchant(session, merchant_id, limit=1)
        if not offers or offers[0].title != title:
            msg = f"the database does not hold the offer {title!r}"
            raise DemoError(msg)
        return offers[0].id

    def stock(self, offer_id: str) -> int:
        """Return how many pieces of an offer nobody has."""
        with self._context.database.reading() as session:
            offer = offer_queries.offer(session, offer_id)
            return offer.stock_left if offer is not None else -1

    def hold(self, payment_id: str) -> str:
        """Return the state of the reservation that a payment pays; empty without one."""
        with self._context.database.reading() as session:
            found = offer_queries.hold_of_payment(session, payment_id)
            return found.state if found is not None else ""

    def is_proved(self, payment_id: str) -> bool:
        """Tell whether a payment was booked with a proof."""
        with self._context.database.reading() as session:
            payment = session.get(Payment, payment_id)
            return payment is not None and payment.is_proved

    def refund(self, refund_id: str) -> str:
        """Return the transaction of a refund, in words; the desk must know its reference."""
        with self._context.database.reading() as session:
            refund = session.get(Refund, refund_id)
            found = self._transaction(session, refund.batch_id if refund else None)
        self._desk_knows(self._context.contracts.is_refunded(refund.refund_ref if refund else ""))
        return found

    def burned_for(self, merchant_id: str) -> int:
        """Return the cents of a merchant's payouts, each of which the desk must have burned for."""
        with self._context.database.reading() as session:
            payouts = payout_queries.payouts_of(session, merchant_id)
        for payout in payouts:
            self._desk_knows(self._context.contracts.is_paid_out(payout.payout_ref))
        return sum(payout.euro_cents for payout in payouts)

    def euro_paid(self) -> int:
        """Return what the euro ledger says was paid out, in cents."""
        with self._context.database.reading() as session:
            return ledger_queries.balance(session, names.PAID)

    def close_day(self) -> date:
        """Close today for all shops now, as the job does after local midnight; return the day."""
        now = self._context.clock.now()
        today = now.astimezone(close_day.ZONE).date()
        ends = datetime.combine(today + timedelta(days=1), time(), close_day.ZONE)
        has_more = True
        while has_more:
            with self._context.database.transaction() as session:
                has_more = close_day.close_some(
                    session,
                    Closing(today, ends),
                    rate_micro_cents_per_unit=self._context.rate_micro_cents_per_unit,
                    at=now,
                )
        return today

    def reconcile(self) -> Report:
        """Compare the three books."""
        return reconcile(self._context)

    def _desk_knows(self, question: str) -> None:
        desk = self._context.contracts.address("RedemptionDesk")
        if not any(self._context.node.call(to_address=desk, calldata=question)):
            msg = "the desk on chain does not know what the database says it did"
            raise DemoError(msg)

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
