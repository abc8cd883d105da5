"""The judge of a schedule: what must hold once everything that was broken is whole again."""

import hashlib
from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.batches.models import Batch
from backend.batches.rules import OPEN_STATES
from backend.books.models import Orphan
from backend.jobs.reconcile import reconcile
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
from tests.support.works import Works

OPEN_PAYMENTS = (PaymentState.ACCEPTED, PaymentState.AUTHORISED, PaymentState.BATCHED)
OPEN_CASH_OUTS = (CashOutState.REQUESTED, CashOutState.BATCHED)


def is_settled(works: Works) -> bool:
    """Tell whether nothing is under way any more."""
    with works.database.reading() as session:
        return not any(_open(session).values())


def _open(session: Session) -> dict[str, int]:
    return {
        "claims": _count(session, Claim, col(Claim.state) == ClaimState.PENDING),
        "rewards": _count(session, Reward, col(Reward.state) != RewardState.CONFIRMED),
        "batches": _count(session, Batch, col(Batch.state).in_(OPEN_STATES)),
        "payments": _count(session, Payment, col(Payment.state).in_(OPEN_PAYMENTS)),
        "cash-outs": _count(session, CashOut, col(CashOut.state).in_(OPEN_CASH_OUTS)),
        "merchants": _count(session, Merchant, col(Merchant.state) != MerchantState.ACTIVE),
    }


def _count(session: Session, table: type, condition: object) -> int:
    statement = select(func.count()).select_from(table).where(condition)  # type: ignore[arg-type]  # a column expression of any table
    return session.exec(statement).one()


def complaints(works: Works, least_rewards: int) -> list[str]:
    """Return what is wrong at the end: lost, doubled or stuck, or books that disagree."""
    works.node.down.clear()
    with works.database.reading() as session:
        found = [f"{n} {what} are stuck" for what, n in _open(session).items() if n]
        sums = [ledger_queries.total(session, currency) for currency in names.Currency]
        if any(sums) or ledger_queries.drifted_accounts(session):
            found.append("the entries do not balance")
    rewards, claims = works.all(Reward), works.all(Claim)
    found += _lost(works, rewards, claims)
    found += _doubled(works, rewards)
    if len(rewards) < least_rewards:
        found.append(f"only {len(rewards)} rewards were earned")
    if works.all(Orphan):
        found.append("own mints are held for foreign ones")
    found += _broken_nonces(works)
    # The system's own comparison of ledger and contracts, to the unit (I-1, I-5).
    return found + [f"unequal: {row}" for row in reconcile(works.context).differences]


def _lost(works: Works, rewards: Sequence[Reward], claims: Sequence[Claim]) -> list[str]:
    accepted = {claim.id for claim in claims if claim.state == ClaimState.ACCEPTED}
    unpaid = accepted - {reward.claim_id for reward in rewards}
    absent = {reward.reward_id for reward in rewards} - works.node.books.consumed
    return [f"{len(lost)} {what}" for lost, what in (
        (unpaid, "accepted claims have no reward"), (absent, "rewards are lost on chain")
    ) if lost]  # fmt: skip


def _doubled(works: Works, rewards: Sequence[Reward]) -> list[str]:
    books = works.node.books
    burned_units = sum(row.units for row in works.all(CashOut) if row.state == "confirmed")
    on_chain = sum(books.units.values()) + sum(books.takings.values()) + burned_units
    earned = sum(reward.units for reward in rewards)
    ids = [(reward.claim_id, reward.reward_id >> 44) for reward in rewards]
    found = [] if on_chain == earned else [f"the chain issued {on_chain} units for {earned}"]
    return found if len(set(ids)) == len(ids) else [*found, "a claim has two rewards"]


def _broken_nonces(works: Works) -> list[str]:
    used: dict[str, set[int]] = {}
    for batch in works.all(Batch):
        used.setdefault(batch.sender, set()).add(batch.nonce)
    return [
        f"{sender} has a hole below nonce {max(nonces)}"
        for sender, nonces in used.items()
        if works.node.books.nonces.get(sender, 0) <= max(nonces)
    ]


def digest(works: Works, moves: Sequence[str]) -> str:
    """Return a short hash of all that happened, equal for two runs of one seed."""
    batches = [(row.kind, row.state, row.nonce) for row in works.all(Batch)]
    facts = [*moves, repr(sorted(batches)), str(works.node.height)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
