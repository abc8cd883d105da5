"""Compare the three books: entries, running balances and chain (I-1, I-5)."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from backend.accounts.models import AccountAddress
from backend.jobs import reconcile_euro
from backend.jobs.context import Context
from backend.ledger import names, queries
from backend.merchants.models import Merchant
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState


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
    with context.database.reading() as session:
        expected = _expected(session, context.genesis_hash)
        consumed = _confirmed_rewards(session)
        sums = {currency: queries.total(session, currency) for currency in names.Currency}
        drifted = queries.drifted_accounts(session)
        euro = list(reconcile_euro.comparisons(session))
        payout_refs = reconcile_euro.payout_refs(session)
    found = [Difference(f"sum of all entries in {what}", sum_, 0) for what, sum_ in sums.items()]
    found += [Difference(f"running balance of {name}", 0, 1) for name in drifted]
    for what, (units, contract, calldata) in _questions(context, expected).items():
        chain_units = _ask(context, contract, calldata)
        found.append(Difference(what, units, chain_units))
    for addresses, units in expected.by_owner.items():
        # Who moved to an own wallet and back has several; the books know their sum.
        held = [_ask(context, "EcoToken", context.contracts.balance_of(a)) for a in addresses]
        found.append(Difference(f"balance of {' + '.join(addresses)}", units, sum(held)))
    for reward_id in consumed:
        is_consumed = _ask(context, "EcoToken", context.contracts.is_consumed(reward_id))
        found.append(Difference(f"reward {reward_id} is consumed", 1, is_consumed))
    found += [Difference(*row) for row in euro]
    for ref in payout_refs:
        is_burned = _ask(context, "RedemptionDesk", context.contracts.is_paid_out(ref))
        found.append(Difference(f"payout {ref} is burned on chain", 1, is_burned))
    differing = tuple(row for row in found if row.ledger_units != row.chain_units)
    return Report(checked=len(found), differences=differing)


@dataclass(frozen=True)
class _Expected:
    supply_units: int
    by_owner: dict[tuple[str, ...], int]
    by_pseudonym: dict[int, int]


def _expected(session: Session, genesis_hash: str) -> _Expected:
    statement = select(AccountAddress).where(col(AccountAddress.genesis_hash) == genesis_hash)
    addresses: dict[str, list[str]] = {}
    for row in session.exec(statement).all():
        addresses.setdefault(row.account_id, []).append(row.address)
    by_owner = {
        tuple(found): sum(
            queries.balance(session, name(account_id))
            for name in (names.confirmed, names.in_flight, names.moving)
        )
        for account_id, found in addresses.items()
    }
    by_pseudonym = {
        merchant.pseudonym: queries.balance(session, names.takings(merchant.id))
        + queries.balance(session, names.settling(merchant.id))
        + queries.balance(session, names.refunding(merchant.id))
        for merchant in session.exec(select(Merchant)).all()
    }
    supply_units = sum(by_owner.values()) + sum(by_pseudonym.values())
    return _Expected(supply_units, by_owner, by_pseudonym)


def _confirmed_rewards(session: Session) -> list[int]:
    statement = select(Reward.reward_id).where(col(Reward.state) == RewardState.CONFIRMED)
    return list(session.exec(statement).all())


def _questions(context: Context, expected: _Expected) -> dict[str, tuple[int, str, str]]:
    encoder = context.contracts
    questions = {
        "supply": (expected.supply_units, "EcoToken", encoder.total_supply()),
    }
    for pseudonym, units in expected.by_pseudonym.items():
        what = f"takings of merchant {pseudonym}"
        questions[what] = (units, "RedemptionDesk", encoder.takings_of(pseudonym))
    return questions


def _ask(context: Context, contract: str, calldata: str) -> int:
    answer = context.node.call(to_address=context.contracts.address(contract), calldata=calldata)
    return int.from_bytes(answer[:32], "big")
