"""Compare the three books: entries, running balances and chain (I-1, I-5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from backend.accounts.models import AccountAddress
from backend.jobs import reconcile_euro
from backend.jobs.context import Context
from backend.ledger import names, queries
from backend.merchants.models import Merchant
from backend.payouts.models import Payout
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState

PAGE = 50
"""Questions to the node between two looks at the ledger; the runner does other work after each."""
_ON_CHAIN = (
    "citizen/%/confirmed",
    "citizen/%/in_flight",
    "citizen/%/moving",
    "merchant/%/takings",
    "merchant/%/settling",
    "merchant/%/refunding",
    names.FOREIGN,
)
"""Accounts whose points exist on chain, as LIKE patterns."""


@dataclass(frozen=True)
class Difference:
    """One place where two books disagree. Unit: token units, or cents where it says euro."""

    what: str
    ledger_units: int
    chain_units: int


@dataclass(frozen=True)
class Report:
    """What a reconciliation found.

    Attributes:
        checked: How many pairs were compared.
        differences: Empty when the books agree. While work is under way, what is
            between chain and ledger shows here for a few seconds.
    """

    checked: int
    differences: tuple[Difference, ...]


def reconcile(context: Context) -> Report:
    """Compare every account that has points with the chain at its newest block."""
    compared = [row for page in pages(context) for row in page]
    return Report(checked=len(compared), differences=tuple(differing(compared)))


def differing(compared: Sequence[Difference]) -> list[Difference]:
    """Return those of the compared pairs that are not equal."""
    return [row for row in compared if row.ledger_units != row.chain_units]


def pages(context: Context) -> Iterator[Sequence[Difference]]:
    """Compare everything, some PAGE pairs at a time; the ledger is read right before the chain."""
    yield _sums(context)
    yield from _addresses(context)
    yield from _merchants(context)
    yield from _rewards(context)
    yield from _payouts(context)


def _sums(context: Context) -> Sequence[Difference]:
    with context.database.reading() as session:
        sums = {currency: queries.total(session, currency) for currency in names.Currency}
        drifted = queries.drifted_accounts(session)
        euro = list(reconcile_euro.comparisons(session))
        supply = sum(queries.sum_of(session, pattern) for pattern in _ON_CHAIN)
    chain_supply = _ask(context, "EcoToken", context.contracts.total_supply())
    return [
        *(Difference(f"sum of all entries in {what}", sum_, 0) for what, sum_ in sums.items()),
        *(Difference(f"running balance of {name}", 0, 1) for name in drifted),
        *(Difference(*row) for row in euro),
        Difference("supply", supply, chain_supply),
    ]


def _addresses(context: Context) -> Iterator[Sequence[Difference]]:
    last = ""
    while True:
        with context.database.reading() as session:
            owned = _owned(session, context.genesis_hash, after=last)
            expected = {account_id: _of_account(session, account_id) for account_id in owned}
        if not owned:
            return
        last = max(owned)
        yield [
            # Who moved to an own wallet and back has several; the books know their sum.
            Difference(
                f"balance of {' + '.join(addresses)}",
                expected[account_id],
                sum(
                    _ask(context, "EcoToken", context.contracts.balance_of(address))
                    for address in addresses
                ),
            )
            for account_id, addresses in owned.items()
        ]


def _owned(session: Session, genesis_hash: str, *, after: str) -> dict[str, list[str]]:
    """Return the addresses of the next accounts."""
    on_chain = col(AccountAddress.genesis_hash) == genesis_hash
    accounts = (
        select(AccountAddress.account_id)
        .where(on_chain, col(AccountAddress.account_id) > after)
        .group_by(col(AccountAddress.account_id))
        .order_by(col(AccountAddress.account_id))
        .limit(PAGE)
    )
    wanted = session.exec(accounts).all()
    rows = select(AccountAddress).where(on_chain, col(AccountAddress.account_id).in_(wanted))
    found: dict[str, list[str]] = {}
    for row in session.exec(rows).all():
        found.setdefault(row.account_id, []).append(row.address)
    return found


def _of_account(session: Session, account_id: str) -> int:
    wanted = (names.confirmed(account_id), names.in_flight(account_id), names.moving(account_id))
    return sum(queries.balances(session, wanted).values())


def _merchants(context: Context) -> Iterator[Sequence[Difference]]:
    last = ""
    while True:
        with context.database.reading() as session:
            statement = select(Merchant).where(col(Merchant.id) > last)
            rows = session.exec(statement.order_by(col(Merchant.id)).limit(PAGE)).all()
            expected = {row.pseudonym: _of_merchant(session, row.id) for row in rows}
        if not rows:
            return
        last = rows[-1].id
        yield [
            Difference(
                f"takings of merchant {pseudonym}",
                units,
                _ask(context, "RedemptionDesk", context.contracts.takings_of(pseudonym)),
            )
            for pseudonym, units in expected.items()
        ]


def _of_merchant(session: Session, merchant_id: str) -> int:
    wanted = (
        names.takings(merchant_id),
        names.settling(merchant_id),
        names.refunding(merchant_id),
    )
    return sum(queries.balances(session, wanted).values())


def _rewards(context: Context) -> Iterator[Sequence[Difference]]:
    last = -1
    while True:
        with context.database.reading() as session:
            statement = select(Reward.reward_id).where(
                col(Reward.state) == RewardState.CONFIRMED, col(Reward.reward_id) > last
            )
            ids = session.exec(statement.order_by(col(Reward.reward_id)).limit(PAGE)).all()
        if not ids:
            return
        last = ids[-1]
        yield [
            Difference(
                f"reward {reward_id} is consumed",
                1,
                _ask(context, "EcoToken", context.contracts.is_consumed(reward_id)),
            )
            for reward_id in ids
        ]


def _payouts(context: Context) -> Iterator[Sequence[Difference]]:
    last = ""
    while True:
        with context.database.reading() as session:
            statement = select(Payout.payout_ref).where(col(Payout.payout_ref) > last)
            refs = session.exec(statement.order_by(col(Payout.payout_ref)).limit(PAGE)).all()
        if not refs:
            return
        last = refs[-1]
        yield [
            Difference(
                f"payout {ref} is burned on chain",
                1,
                _ask(context, "RedemptionDesk", context.contracts.is_paid_out(ref)),
            )
            for ref in refs
        ]


def _ask(context: Context, contract: str, calldata: str) -> int:
    answer = context.node.call(to_address=context.contracts.address(contract), calldata=calldata)
    return int.from_bytes(answer[:32], "big")
