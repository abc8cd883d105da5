"""Burned points become euro owed: the radar may delay them, the bank's answers reach both sides."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from backend.books import queries as book_queries
from backend.db import event_log
from backend.market import queries as market_queries
from backend.merchants import queries as merchant_queries
from backend.payouts import service as payouts
from backend.payouts.bank import answers, files
from backend.payouts.models import BankReport, Payout
from backend.payouts.service import RESTORED, Burn, Hold
from backend.radar import rules as radar
from backend.settlement.models import CashOut
from backend.settlement.rules import CashOutState


def owe(session: Session, cash_outs: Sequence[CashOut], *, at: datetime) -> None:
    """Owe the euro of burns that are final; each is owed once.

    What was asked for before a restore may have been paid in the time that the backup does
    not know, so a person asks the bank first.

    Effects: payouts DUE or HELD, ledger reserve → payable.
    """
    restored_at = book_queries.last_restored_at(session)
    for cash_out in cash_outs:
        if restored_at is not None and cash_out.requested_at <= restored_at:
            owe_found(session, cash_out, at=at)
        else:
            hold = _hold(session, cash_out.merchant_id, at)
            payouts.owe(session, _burn(cash_out), hold=hold, at=at)


def owe_found(session: Session, cash_out: CashOut, *, at: datetime) -> None:
    """Owe a burn whose money may have left before a restore: held until a person says so.

    Effects: payout HELD, ledger reserve → payable.
    """
    payouts.owe(session, _burn(cash_out), hold=Hold((RESTORED,), None), at=at)


def _burn(cash_out: CashOut) -> Burn:
    return Burn(
        cash_out_id=cash_out.id,
        merchant_id=cash_out.merchant_id,
        units=cash_out.units,
        euro_cents=cash_out.euro_cents,
        rate_micro_cents_per_unit=cash_out.rate_micro_cents_per_unit,
        payout_ref=cash_out.payout_ref,
    )


def owe_missed(session: Session, *, at: datetime, limit: int = 100) -> int:
    """Owe burns that were final before payouts existed, or in a restored book; return how many."""
    statement = (
        select(CashOut)
        .outerjoin(Payout, col(Payout.cash_out_id) == col(CashOut.id))
        .where(col(CashOut.state) == CashOutState.CONFIRMED, col(Payout.id).is_(None))
        .order_by(col(CashOut.id))
        .limit(limit)
    )
    missed = session.exec(statement).all()
    owe(session, missed, at=at)
    return len(missed)


def mark_sent(session: Session, file_id: str, *, at: datetime) -> bool:
    """Book that the bank has a file and tell its merchants; False when it was booked before."""
    if not files.mark_sent(session, file_id, at=at):
        return False
    _tell(session, "payout_sent", files.merchants_of(session, file_id), at)
    return True


def import_report(
    session: Session, *, content: bytes, name: str, by: str, at: datetime
) -> BankReport:
    """Do what an answer of the bank says and tell the merchants.

    Raises:
        BankReportUnreadableError, BankReportKnownError: Nothing was changed.
    """
    report = answers.import_report(session, content=content, name=name, by=by, at=at)
    for effect in (answers.Effect.PAID, answers.Effect.RETURNED):
        told = {line["merchant_id"] for line in report.lines if line["effect"] == effect}
        _tell(session, f"payout_{effect}", sorted(told), at)
    return report


def radar_facts(session: Session, merchant_id: str, now: datetime) -> radar.Facts:
    """Collect what the radar looks at: the window's sales and the owners' circles."""
    since = now - radar.WINDOW
    merchant = merchant_queries.merchant(session, merchant_id)
    owner_id = merchant.owner_account_id if merchant is not None else ""
    sales = tuple(
        radar.Sale(payer_id=row.payer_id, units=row.units, at=row.at, refunded_units=row.refunded)
        for row in market_queries.sales_since(session, merchant_id, since=since)
    )
    flows = []
    for other_id, back_units in market_queries.spent_at(session, owner_id, since=since).items():
        other = merchant_queries.merchant(session, other_id)
        if other is None or other_id == merchant_id:
            continue
        given = sum(
            sale.units - sale.refunded_units
            for sale in sales
            if sale.payer_id == other.owner_account_id
        )
        flows.append(radar.Flow(other_id, given, back_units))
    return radar.Facts(sales, frozenset({owner_id}), tuple(flows))


def _hold(session: Session, merchant_id: str, now: datetime) -> Hold | None:
    found = radar.assess(radar_facts(session, merchant_id, now), now)
    if not found.is_held:
        return None
    reasons = tuple(
        {"code": suspicion.code, "level": int(suspicion.level), **suspicion.facts}
        for suspicion in found.suspicions
    )
    return Hold(reasons, found.until)


def _tell(session: Session, kind: str, merchant_ids: Sequence[str], at: datetime) -> None:
    for merchant_id in merchant_ids:
        merchant = merchant_queries.merchant(session, merchant_id)
        if merchant is not None:
            event_log.append(
                session, kind=kind, subject=merchant_id, audience=merchant.owner_account_id, at=at
            )
