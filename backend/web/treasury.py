"""The treasurer's day: closings, files for the bank, its answers, and what covers the points."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.http.deps import Config, ConfigDep, DatabaseDep, Now, ReadSession, requires
from backend.kernel.errors import EcoError, NotFoundError
from backend.payouts import queries, service
from backend.payouts.bank import answers, files, formats
from backend.payouts.models import BankReport, PayoutFile
from backend.payouts.rules import FileState, PayoutState, next_bank_day
from backend.settlement import queries as settlement_queries
from backend.statements import invoices
from backend.web import texts
from backend.web.contexts import (
    ClosingLine,
    FileLine,
    HoldReason,
    PayoutLine,
    ReportLine,
    TreasuryPage,
)
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.treasury_lines import covered, payout_lines, shop_names
from backend.workflows import close_day, make_statement, pay_out, solvency

router = APIRouter(include_in_schema=False)

PATH = "/admin/tresorerie"
SHOWN = 50
"""Rows per list; the rest is on the files and statements."""
Reader = Annotated[Actor, requires(Permission.READ_TREASURY)]
Treasurer = Annotated[Actor, requires(Permission.RUN_TREASURY)]


class Desk:
    """Where a treasurer acts: one transaction, then the page again, with what went wrong."""

    def __init__(
        self, request: Request, database: DatabaseDep, clock: Now, config: ConfigDep
    ) -> None:
        self.now = clock.now()
        self._request, self._database, self._config = request, database, config

    def do(self, actor: Actor, action: Callable[[Session], None]) -> Response:
        """Act, then show the page; an expected refusal is told on it and nothing is kept."""
        try:
            with self._database.transaction() as session:
                action(session)
        except EcoError as error:
            key = f"treasury.problem.{error.code}"
            if not texts.has("fr", key):
                raise
            with self._database.reading() as session:
                page = treasury_page(session, actor, self._config, self.now, problem_key=key)
            return respond(
                self._request, "treasury.html", page, actor=actor, section="admin", status=409
            )
        return see(PATH)


DeskDep = Annotated[Desk, Depends()]


@router.get(PATH)
def get_treasury(
    request: Request, session: ReadSession, clock: Now, config: ConfigDep, actor: Reader
) -> Response:
    """Show what is due, what is under way and what needs a person."""
    page = treasury_page(session, actor, config, clock.now())
    return respond(request, "treasury.html", page, actor=actor, section="admin")


@router.post(PATH + "/fichiers", dependencies=[checked_form()])
def post_file(desk: DeskDep, config: ConfigDep, actor: Treasurer) -> Response:
    """Draft a file for the bank as the first person."""
    today = desk.now.astimezone(close_day.ZONE).date()

    def draft(session: Session) -> None:
        files.draft(
            session,
            debtor=config.payer,
            by=actor.account_id,
            at=desk.now,
            execution_on=next_bank_day(today),
        )

    return desk.do(actor, draft)


@router.post(PATH + "/fichiers/{file_id}/valider", dependencies=[checked_form()])
def post_release(
    file_id: str,
    desk: DeskDep,
    actor: Treasurer,
) -> Response:
    """Release a file as the second person; a job hands it to the bank."""
    return desk.do(
        actor,
        lambda session: files.release(session, file_id, by=actor.account_id, at=desk.now),
    )


@router.post(PATH + "/fichiers/{file_id}/retirer", dependencies=[checked_form()])
def post_withdrawal(
    file_id: str,
    desk: DeskDep,
    actor: Treasurer,
) -> Response:
    """Take a drafted file back."""
    return desk.do(actor, lambda session: files.withdraw(session, file_id))


@router.get(PATH + "/fichiers/{file_id}.xml")
def get_file(file_id: str, session: ReadSession, actor: Treasurer) -> Response:
    """Download the very bytes that the bank gets."""
    del actor
    file = queries.file(session, file_id)
    if file is None:
        raise NotFoundError("payout_file", file_id)
    return download(file.xml.encode(), f"{file.message_id}.xml", "application/xml")


@router.post(PATH + "/versements/{payout_id}/liberer", dependencies=[checked_form()])
def post_hold_release(
    payout_id: str,
    desk: DeskDep,
    actor: Treasurer,
) -> Response:
    """Let a held payout go."""
    return desk.do(
        actor, lambda session: service.release_hold(session, payout_id, by=actor.account_id)
    )


@router.post(PATH + "/versements/{payout_id}/reessayer", dependencies=[checked_form()])
def post_retry(
    payout_id: str,
    desk: DeskDep,
    actor: Treasurer,
) -> Response:
    """Try a returned payout again."""
    return desk.do(actor, lambda session: service.retry(session, payout_id, at=desk.now))


@router.post(PATH + "/retours", dependencies=[checked_form()])
def post_report(
    report: UploadFile,
    desk: DeskDep,
    actor: Treasurer,
) -> Response:
    """Import an answer of the bank."""
    content = report.file.read(formats.MAX_BYTES + 1)
    name = report.filename or ""

    def import_it(session: Session) -> None:
        pay_out.import_report(session, content=content, name=name, by=actor.account_id, at=desk.now)

    return desk.do(actor, import_it)


@router.post(PATH + "/apports", dependencies=[checked_form()])
def post_funding(
    desk: DeskDep,
    actor: Treasurer,
    amount: Annotated[str, Form(max_length=20)],
    reference: Annotated[str, Form(max_length=80)],
) -> Response:
    """Record money that was put behind the points."""
    # Euro are typed as points are: hundredths of both are the unit.
    cents = units_in(amount) or 0

    def record(session: Session) -> None:
        service.record_funding(
            session,
            reference=reference.strip(),
            euro_cents=cents,
            by=actor.account_id,
            at=desk.now,
        )

    return desk.do(actor, record)


@router.get(PATH + "/facturation.csv")
def get_invoice_data(session: ReadSession, actor: Reader, config: ConfigDep, mois: str) -> Response:
    """Download a month's figures of every merchant."""
    del actor
    month = parse_month(mois)
    rows = make_statement.invoice_rows(
        session, month=month, rate_micro_cents_per_unit=config.rate_micro_cents_per_unit
    )
    return download(invoices.write(rows), f"facturation-{month:%Y-%m}.csv", "text/csv")


def treasury_page(
    session: Session, actor: Actor, config: Config, now: datetime, *, problem_key: str = ""
) -> TreasuryPage:
    """Collect the treasurer's page."""
    due_count, due_cents = queries.totals(session).get(PayoutState.DUE, (0, 0))
    homeless_count, homeless_cents = queries.without_account(session)
    closing = close_day.last_day(now)
    found = solvency.measure(session, config.rate_micro_cents_per_unit)
    return TreasuryPage(
        covered=covered(found),
        may_act=actor.may(Permission.RUN_TREASURY),
        due_count=due_count,
        due_cents=due_cents,
        homeless_count=homeless_count,
        homeless_cents=homeless_cents,
        held=_payouts(session, PayoutState.HELD),
        returned=_payouts(session, PayoutState.RETURNED),
        files=tuple(_file(session, file, actor) for file in queries.files(session, limit=10)),
        reports=tuple(_report(report) for report in queries.reports(session, limit=5)),
        closing_day=closing.day,
        closings=_closings(session, closing.day),
        problem_key=problem_key,
    )


def download(content: bytes, name: str, media_type: str) -> Response:
    """Answer with a file that the browser saves."""
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def parse_month(text: str) -> date:
    """Read "2026-11" as the first day of that month.

    Raises:
        NotFoundError: It is no month.
    """
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise NotFoundError("month", text[:20]) from error


def _payouts(session: Session, state: PayoutState) -> tuple[PayoutLine, ...]:
    return payout_lines(session, queries.payouts_in(session, state, limit=SHOWN))


def _file(session: Session, file: PayoutFile, actor: Actor) -> FileLine:
    return FileLine(
        file_id=file.id,
        message_id=file.message_id,
        at=file.prepared_at,
        execution_on=file.execution_on,
        count=file.item_count,
        cents=file.euro_cents,
        state=f"file_{file.state}",
        prepared_by=_name(session, file.prepared_by),
        released_by=_name(session, file.released_by) if file.released_by else "",
        sha256=file.sha256,
        is_mine=file.prepared_by == actor.account_id,
        is_open=file.state == FileState.DRAFTED,
    )


def _report(report: BankReport) -> ReportLine:
    effects = [line["effect"] for line in report.lines]
    return ReportLine(
        name=report.name,
        at=report.imported_at,
        paid=effects.count(answers.Effect.PAID),
        returned=effects.count(answers.Effect.RETURNED),
        unchanged=effects.count(answers.Effect.UNCHANGED),
        differences=tuple(
            HoldReason(f"treasury.difference.{line['effect']}", {"reference": line["reference"]})
            for line in report.lines
            if line["effect"] in answers.DIFFERENCES
        ),
    )


def _closings(session: Session, day: date) -> tuple[ClosingLine, ...]:
    rows = settlement_queries.closings_of(session, day)[:SHOWN]
    shops = shop_names(session, {row.merchant_id for row in rows})
    return tuple(
        ClosingLine(shops.get(row.merchant_id, ""), row.units, row.euro_cents, row.state)
        for row in rows
    )


def _name(session: Session, account_id: str) -> str:
    account = account_queries.get(session, account_id)
    return (account.display_name or account.email or "") if account is not None else ""
