"""A merchant's payouts: what came, what comes next, where to, and statements to download."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.http.deps import Config, ConfigDep, DatabaseDep, Now, ReadSession
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants.models import Merchant
from backend.payouts import queries, service
from backend.payouts.errors import BankAccountInvalidError
from backend.payouts.rules import masked_iban
from backend.settlement.rules import cash_out_units, euro_cents
from backend.statements import csv_file, pdf
from backend.web.contexts import PayoutsPage, StatementLink
from backend.web.forms import checked_form, see
from backend.web.rendering import language_of, respond
from backend.web.till import Owner
from backend.web.treasury import download, parse_month
from backend.web.treasury_lines import bank_reason_key, payout_lines
from backend.workflows import at_the_till, close_day, make_statement

router = APIRouter(include_in_schema=False)

PATH = "/versements"
MONTHS = 12
"""Statements offered; older ones answer to their address as well."""


@router.get(PATH)
def get_payouts(
    request: Request,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Owner,
    commerce: str | None = None,
) -> Response:
    """Show payouts, statements and the bank account."""
    page = payouts_page(
        session, at_the_till.shops(session, actor), config, now=clock.now(), chosen_id=commerce
    )
    return respond(request, "payouts.html", page, actor=actor, section="till")


@router.post(PATH + "/compte", dependencies=[checked_form()])
def post_account(
    request: Request,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    actor: Owner,
    merchant_id: Annotated[str, Form()],
    *,
    holder: Annotated[str, Form(max_length=140)] = "",
    iban: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Store where the shop is paid; a wrong number comes back with the reason."""
    try:
        with database.transaction() as session:
            shop = at_the_till.own(at_the_till.shops(session, actor), merchant_id)
            service.set_bank_account(
                session,
                merchant_id=shop.id,
                holder=holder,
                iban=iban,
                by=actor.account_id,
                at=clock.now(),
            )
    except BankAccountInvalidError as error:
        with database.reading() as session:
            page = payouts_page(
                session,
                at_the_till.shops(session, actor),
                config,
                now=clock.now(),
                chosen_id=merchant_id,
                problem_key=f"payouts.problem.{error.code}",
                typed=iban,
            )
        return respond(request, "payouts.html", page, actor=actor, section="till", status=422)
    return see(f"{PATH}?commerce={merchant_id}")


@router.get(PATH + "/{merchant_id}/{month}.{kind}")
def get_statement(
    request: Request,
    merchant_id: str,
    month: str,
    kind: str,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    *,
    actor: Owner,
) -> Response:
    """Download a month's statement as PDF or CSV."""
    shop = at_the_till.own(at_the_till.shops(session, actor), merchant_id)
    first, last = make_statement.month_of(parse_month(month))
    statement = make_statement.collect(
        session,
        shop.id,
        first=first,
        last=last,
        rate_micro_cents_per_unit=config.rate_micro_cents_per_unit,
        now=clock.now(),
    )
    if kind == "csv":
        return download(csv_file.write(statement), f"{statement.number}.csv", "text/csv")
    content = pdf.write(statement, language_of(request, actor))
    return download(content, f"{statement.number}.pdf", "application/pdf")


def payouts_page(
    session: Session,
    shops: Sequence[Merchant],
    config: Config,
    *,
    now: datetime,
    chosen_id: str | None = None,
    problem_key: str = "",
    typed: str = "",
) -> PayoutsPage:
    """Collect what a merchant sees of its payouts; the first shop when none is chosen."""
    shop = at_the_till.own(shops, chosen_id) if chosen_id else shops[0]
    account = queries.bank_account(session, shop.id)
    takings = ledger_queries.balance(session, names.takings(shop.id))
    rate = config.rate_micro_cents_per_unit
    refused = account.refused_reason if account is not None else None
    return PayoutsPage(
        merchant_id=shop.id,
        merchant=shop.name,
        others=tuple((other.id, other.name) for other in shops if other.id != shop.id),
        takings_units=takings,
        next_cents=euro_cents(cash_out_units(takings, rate), rate),
        holder=account.holder if account is not None else "",
        account=masked_iban(account.iban) if account is not None else "",
        account_reason_key=bank_reason_key(refused) if refused else "",
        lines=payout_lines(session, queries.payouts_of(session, shop.id)),
        months=tuple(_months(shop, now)),
        problem_key=problem_key,
        typed=typed,
    )


def _months(shop: Merchant, now: datetime) -> list[StatementLink]:
    links: list[StatementLink] = []
    month = now.astimezone(close_day.ZONE).date().replace(day=1)
    while len(links) < MONTHS and month >= _month_of(shop.created_at):
        links.append(StatementLink(month, f"{PATH}/{shop.id}/{month:%Y-%m}"))
        month = (month - timedelta(days=1)).replace(day=1)
    return links


def _month_of(at: datetime) -> date:
    return at.astimezone(close_day.ZONE).date().replace(day=1)
