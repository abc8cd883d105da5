"""The treasurer's day: closings, files for the bank, its answers, and what covers the points."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import ConfigDep, DatabaseDep, Now, ReadSession, requires
from backend.kernel.errors import EcoError, NotFoundError
from backend.payouts import queries, service
from backend.payouts.bank import files, formats, found
from backend.payouts.rules import next_bank_day
from backend.statements import invoices
from backend.web import texts
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.treasury_page import treasury_page
from backend.workflows import close_day, make_statement, pay_out

router = APIRouter(include_in_schema=False)

PATH = "/admin/tresorerie"
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
                page = treasury_page(session, actor, self._config, self.now)
            page = replace(page, problem_key=key, problem_facts=dict(error.facts))
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


@router.post(PATH + "/fichiers/retrouves", dependencies=[checked_form()])
def post_found_file(
    file: UploadFile, desk: DeskDep, config: ConfigDep, actor: Treasurer
) -> Response:
    """Take in a file that the bank had before a backup was restored, as the first person."""
    content = file.file.read(formats.MAX_BYTES)

    def take_in(session: Session) -> None:
        found.take_in(
            session, content=content, debtor=config.payer, by=actor.account_id, at=desk.now
        )

    return desk.do(actor, take_in)


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
