"""Compare the euro books: ledger, payouts and what was burned on chain."""

from collections.abc import Iterator

from sqlmodel import Session

from backend.ledger import names, queries
from backend.payouts import queries as payout_queries
from backend.payouts.rules import PayoutState

_ACCOUNTS = {
    "payable": (PayoutState.DUE, PayoutState.HELD, PayoutState.IN_FILE),
    "on_the_way": (PayoutState.SENT,),
    "returned": (PayoutState.RETURNED,),
}


def comparisons(session: Session) -> Iterator[tuple[str, int, int]]:
    """Yield what was compared, what the ledger says and what it has to be.

    Unit: euro cents where it says euro, token units otherwise.
    """
    units, cents = payout_queries.burned_cents(session)
    burned = queries.balance(session, names.BURNED)
    yield "points burned, against what payouts pay for", burned, units
    totals = payout_queries.totals(session)
    owed = queries.sum_of(session, "euro/merchant/%") + queries.balance(session, names.PAID)
    yield "euro owed and paid, against points burned at their rate", owed, cents
    for account, states in _ACCOUNTS.items():
        expected = sum(totals.get(state, (0, 0))[1] for state in states)
        booked = queries.sum_of(session, f"euro/merchant/%/{account}")
        yield f"euro of merchants, {account}", booked, expected
    paid = totals.get(PayoutState.PAID, (0, 0))[1]
    yield "euro paid", queries.balance(session, names.PAID), paid
