"""Collect what a statement shows: ledger, payouts and merchant of one period."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from sqlmodel import Session

from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants import queries as merchant_queries
from backend.payouts import queries as payout_queries
from backend.payouts.rules import PayoutState, end_to_end_id, masked_iban
from backend.statements.invoices import InvoiceRow
from backend.statements.rules import Line, PaidLine, Statement, number_of
from backend.statements.words import ZONE
from backend.territory import queries as territory_queries


def month_of(first: date) -> tuple[date, date]:
    """Return first and last day of the month of a day."""
    start = first.replace(day=1)
    following = (start + timedelta(days=32)).replace(day=1)
    return start, following - timedelta(days=1)


def collect(
    session: Session,
    merchant_id: str,
    *,
    first: date,
    last: date,
    rate_micro_cents_per_unit: int,
    now: datetime,
) -> Statement:
    """Collect a statement of whole local days, both included.

    Raises:
        NotFoundError: No such merchant.
    """
    merchant = merchant_queries.merchant(session, merchant_id)
    if merchant is None:
        raise NotFoundError("merchant", merchant_id)
    commune = territory_queries.commune(session, merchant.commune_code)
    account = payout_queries.bank_account(session, merchant_id)
    since, until = bounds(first, last)
    takings = names.takings(merchant_id)
    moves = ledger_queries.history(session, takings, since=since, until=until)
    payouts = payout_queries.payouts_between(session, merchant_id, since=since, until=until)
    return Statement(
        number=number_of(merchant_id, first, last),
        merchant=merchant.name,
        commune=commune.name if commune is not None else merchant.commune_code,
        account=masked_iban(account.iban) if account is not None else "",
        first=first,
        last=last,
        made_at=now,
        opening_units=ledger_queries.balance_before(session, takings, since),
        lines=tuple(
            Line(m.occurred_at, m.kind, short_reference(m.reference), m.units, m.balance_units)
            for m in moves
        ),
        payouts=tuple(
            PaidLine(
                row.due_at,
                end_to_end_id(row.payout_ref, row.attempt),
                row.units,
                row.euro_cents,
                row.state,
            )
            for row in payouts
        ),
        rate_micro_cents_per_unit=rate_micro_cents_per_unit,
    )


def invoice_rows(
    session: Session, *, month: date, rate_micro_cents_per_unit: int
) -> Iterator[InvoiceRow]:
    """Yield a month's figures of every merchant, one at a time."""
    first, last = month_of(month)
    now = bounds(first, last)[1]
    for merchant in merchant_queries.merchants(session):
        found = collect(
            session,
            merchant.id,
            first=first,
            last=last,
            rate_micro_cents_per_unit=rate_micro_cents_per_unit,
            now=now,
        )
        yield InvoiceRow(
            mois=f"{first:%Y-%m}",
            commerce_id=merchant.id,
            commerce=found.merchant,
            commune=found.commune,
            ventes=found.sales,
            ventes_points=found.sold_units,
            remboursements_points=-found.other_units,
            points_convertis=found.burned_units,
            euros_dus=found.euro_cents,
            euros_verses=sum(p.euro_cents for p in found.payouts if p.state == PayoutState.PAID),
            commission=0,
        )


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the instants at which local days begin and end; the second is outside."""
    since = datetime.combine(first, time(), ZONE)
    return since, datetime.combine(last + timedelta(days=1), time(), ZONE)


def short_reference(reference: str) -> str:
    """Return what a person can read out of "payment/<32 hex digits>/settled": its last eight."""
    parts = reference.split("/")
    return parts[1][-8:].upper() if len(parts) > 1 else reference
