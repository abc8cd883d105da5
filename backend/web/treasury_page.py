"""What the treasurer's page shows: what is due, held, under way, answered and closed."""

from datetime import date, datetime

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.http.deps import Config
from backend.payouts import queries
from backend.payouts.bank import answers
from backend.payouts.models import BankReport, PayoutFile
from backend.payouts.rules import FileState, PayoutState
from backend.payouts.service import RESTORED
from backend.settlement import queries as settlement_queries
from backend.web.contexts import (
    ClosingLine,
    FileLine,
    HoldReason,
    PayoutLine,
    ReportLine,
    TreasuryPage,
)
from backend.web.treasury_lines import covered, hold_key, payout_lines, shop_names
from backend.workflows import close_day, solvency

SHOWN = 50
"""Rows per list; the rest is on the files and statements."""


def treasury_page(session: Session, actor: Actor, config: Config, now: datetime) -> TreasuryPage:
    """Collect the treasurer's page."""
    held = _payouts(session, PayoutState.HELD)
    reasons = {reason.text_key for line in held for reason in line.hold_reasons}
    due_count, due_cents = queries.totals(session).get(PayoutState.DUE, (0, 0))
    homeless_count, homeless_cents = queries.without_account(session)
    closing = close_day.last_day(now)
    figures = solvency.measure(session, config.rate_micro_cents_per_unit)
    return TreasuryPage(
        covered=covered(figures),
        may_act=actor.may(Permission.RUN_TREASURY),
        due_count=due_count,
        due_cents=due_cents,
        homeless_count=homeless_count,
        homeless_cents=homeless_cents,
        held=held,
        is_restored=hold_key(RESTORED) in reasons,
        returned=_payouts(session, PayoutState.RETURNED),
        files=tuple(_file(session, file, actor) for file in queries.files(session, limit=10)),
        reports=tuple(_report(report) for report in queries.reports(session, limit=5)),
        closing_day=closing.day,
        closings=_closings(session, closing.day),
    )


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
        is_found=file.is_found,
        unknown_count=file.unknown_count,
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
