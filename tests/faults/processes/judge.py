"""The judge: database and chain are read apart, and must tell one story once all is quiet."""

from sqlmodel import Session, col, func, select

from backend.accounts.models import AccountAddress
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.batches.models import Batch
from backend.batches.rules import OPEN_STATES
from backend.books.models import Orphan
from backend.db.engine import Database
from backend.jobs.reconcile import reconcile
from backend.jobs.runner import connect
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market.models import Payment
from backend.market.rules import PaymentState
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from backend.settlement.models import CashOut
from backend.settlement.rules import CashOutState
from tests.faults.processes.stack import Stack
from tests.faults.processes.town import Answers

OPEN_PAYMENTS = (
    PaymentState.ACCEPTED,
    PaymentState.AUTHORISED,
    PaymentState.BATCHED,
    PaymentState.CANCELLING,
)
OPEN_CASH_OUTS = (CashOutState.REQUESTED, CashOutState.BATCHED)


def still_open(stack: Stack) -> dict[str, int]:
    """Return what is under way, by kind; empty when nothing is."""
    return still_open_in(stack.database)


def still_open_in(database: Database) -> dict[str, int]:
    """Return what is under way in a database, by kind; empty when nothing is."""
    with database.reading() as session:
        counts = {
            "claims": _count(session, Claim, col(Claim.state) == ClaimState.PENDING),
            "rewards": _count(session, Reward, col(Reward.state) != RewardState.CONFIRMED),
            "batches": _count(session, Batch, col(Batch.state).in_(OPEN_STATES)),
            "payments": _count(session, Payment, col(Payment.state).in_(OPEN_PAYMENTS)),
            "cash-outs": _count(session, CashOut, col(CashOut.state).in_(OPEN_CASH_OUTS)),
            "merchants": _count(session, Merchant, col(Merchant.state) != MerchantState.ACTIVE),
        }
    return {what: count for what, count in counts.items() if count}


def _count(session: Session, table: type, condition: object) -> int:
    statement = select(func.count()).select_from(table).where(condition)  # type: ignore[arg-type]  # a column expression of any table
    return session.exec(statement).one()


def complaints(stack: Stack, answers: Answers) -> list[str]:
    """Return what is wrong: lost, doubled or stuck, or books that disagree."""
    with stack.database.reading() as session:
        claims = session.exec(select(Claim)).all()
        rewards = session.exec(select(Reward)).all()
        payments = set(session.exec(select(Payment.id)).all())
        orphans = session.exec(select(Orphan)).all()
        batches = session.exec(select(Batch)).all()
        sums = [ledger_queries.total(session, currency) for currency in names.Currency]
        is_balanced = not any(sums) and not ledger_queries.drifted_accounts(session)
        earned = _earned_by_address(session, stack.contracts.deployment.genesis_hash)
        burned = session.exec(
            select(func.coalesce(func.sum(CashOut.units), 0)).where(
                col(CashOut.state) == CashOutState.CONFIRMED
            )
        ).one()
    found = [f"{count} {what} are stuck" for what, count in still_open(stack).items()]
    stored = {claim.public_id for claim in claims}
    accepted = {claim.id for claim in claims if claim.state == ClaimState.ACCEPTED}
    consumed = stack.anvil.consumed(stack.contracts, [reward.reward_id for reward in rewards])
    minted, supply = stack.anvil.minted(stack.contracts), stack.anvil.supply(stack.contracts)
    checks = {
        "acknowledged claims are lost": len(answers.claims - stored),
        "acknowledged payments are lost": len(answers.payments - payments),
        "acknowledged claims were refused": len(
            [c for c in claims if c.public_id in answers.claims and c.id not in accepted]
        ),
        "accepted claims have no reward": len(accepted - {r.claim_id for r in rewards}),
        "claims have two rewards": len(rewards) - len({r.claim_id for r in rewards}),
        "rewards are lost on chain": len(rewards) - len(consumed),
        "addresses were minted another sum than they earned": len(_unequal(minted, earned)),
        "units are on chain beside those minted less those burned": abs(
            supply - sum(minted.values()) + burned
        ),
        "own mints are held for foreign ones": len(orphans),
        "senders have a hole in their nonces": len(_holes(stack, batches)),
    }
    found += [f"{count} {what}" for what, count in checks.items() if count]
    return found if is_balanced else [*found, "the entries do not balance"]


def differences(stack: Stack) -> list[str]:
    """Return what the system's own comparison of all books finds."""
    context = connect(stack.settings)
    try:
        return [f"unequal: {row}" for row in reconcile(context).differences]
    finally:
        context.wallet.close()
        context.guardian.close()
        context.database.dispose()


def _earned_by_address(session: Session, genesis_hash: str) -> dict[str, int]:
    statement = (
        select(AccountAddress.address, func.sum(Reward.units))
        .join(Reward, col(Reward.account_id) == col(AccountAddress.account_id))
        .where(col(AccountAddress.genesis_hash) == genesis_hash)
        .group_by(col(AccountAddress.address))
    )
    return {address.lower(): int(units) for address, units in session.exec(statement).all()}


def _unequal(minted: dict[str, int], earned: dict[str, int]) -> list[str]:
    return [a for a in minted.keys() | earned.keys() if minted.get(a, 0) != earned.get(a, 0)]


def _holes(stack: Stack, batches: object) -> list[str]:
    highest: dict[str, int] = {}
    for batch in batches:  # type: ignore[attr-defined]  # rows of Batch
        highest[batch.sender] = max(batch.nonce, highest.get(batch.sender, 0))
    return [sender for sender, nonce in highest.items() if stack.anvil.nonce(sender) <= nonce]
