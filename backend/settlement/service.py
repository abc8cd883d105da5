"""Writes of settlement; each moves the ledger in the same transaction."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col

from backend.db import states
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.ledger import service as ledger
from backend.settlement.errors import NothingToCashOutError
from backend.settlement.models import CashOut, DayClosing
from backend.settlement.rules import CashOutState, cash_out_units, euro_cents


@dataclass(frozen=True)
class Closing:
    """A local day that is over.

    Attributes:
        ended_at: Its last instant; sales from then on belong to the next day.
    """

    day: date
    ended_at: datetime


def request_cash_out(
    session: Session,
    *,
    merchant_id: str,
    rate_micro_cents_per_unit: int,
    at: datetime,
    closing: Closing | None = None,
) -> CashOut:
    """Turn all takings that make whole cents into a cash-out.

    Args:
        closing: The day that it closes, once per merchant; `None` when the merchant asks.
    Raises:
        NothingToCashOutError: The takings do not make a cent.
    Effects: cash_out REQUESTED; ledger takings → settling.
    """
    takings_units = ledger_queries.balance(session, names.takings(merchant_id))
    if closing is not None:
        # What was sold since belongs to the next day; what was refunded since is gone.
        before = ledger_queries.balance_before(
            session, names.takings(merchant_id), closing.ended_at
        )
        # Clocks of two processes differ: what left by the slow one may seem to have left before
        # it came in, and that must not stop the closing of everybody.
        takings_units = max(0, min(takings_units, before))
    units = cash_out_units(takings_units, rate_micro_cents_per_unit)
    if units == 0:
        raise NothingToCashOutError
    cash_out = CashOut(
        merchant_id=merchant_id,
        units=units,
        euro_cents=euro_cents(units, rate_micro_cents_per_unit),
        rate_micro_cents_per_unit=rate_micro_cents_per_unit,
        payout_ref="0x" + secrets.token_hex(32),
        closing_day=closing.day if closing is not None else None,
        requested_at=at,
    )
    session.add(cash_out)
    session.flush()
    ledger.move(
        session,
        reference=f"cash_out/{cash_out.id}/requested",
        kind="cash_out_requested",
        source=names.takings(merchant_id),
        target=names.settling(merchant_id),
        units=units,
        at=at,
    )
    return cash_out


def put_cash_outs_in_batch(session: Session, cash_out_ids: Sequence[str], batch_id: str) -> int:
    """Tie requested cash-outs to a transaction; return how many were still free."""
    moved = states.move(
        session,
        CashOut,
        col(CashOut.id).in_(cash_out_ids),
        source=CashOutState.REQUESTED,
        target=CashOutState.BATCHED,
        batch_id=batch_id,
    )
    return len(moved)


def return_cash_outs_to_queue(session: Session, batch_id: str) -> None:
    """Free the cash-outs of a transaction that did not make it; the payout reference stays."""
    states.move(
        session,
        CashOut,
        col(CashOut.batch_id) == batch_id,
        source=CashOutState.BATCHED,
        target=CashOutState.REQUESTED,
        batch_id=None,
    )


def burn_again(session: Session, cash_out_ids: Collection[str]) -> None:
    """Hand confirmed cash-outs to the chain once more; the same payout reference counts once.

    Effects: CONFIRMED → REQUESTED; the ledger keeps what it says.
    """
    states.move(
        session,
        CashOut,
        col(CashOut.id).in_(cash_out_ids),
        source=CashOutState.CONFIRMED,
        target=CashOutState.REQUESTED,
        batch_id=None,
    )


def settle_cash_out(
    session: Session, cash_out: CashOut, *, refusal_code: str | None, at: datetime
) -> None:
    """Close a cash-out as the chain decided.

    Effects: CONFIRMED and settling → burned, or FAILED and settling → takings.
    """
    is_burned = refusal_code is None
    closed = states.move(
        session,
        CashOut,
        col(CashOut.id) == cash_out.id,
        source=CashOutState.BATCHED,
        target=CashOutState.CONFIRMED if is_burned else CashOutState.FAILED,
        confirmed_at=at,
    )
    if not closed:
        return
    ledger.move(
        session,
        reference=f"cash_out/{cash_out.id}/settled",
        kind="cash_out_confirmed" if is_burned else "cash_out_failed",
        source=names.settling(cash_out.merchant_id),
        target=names.BURNED if is_burned else names.takings(cash_out.merchant_id),
        units=cash_out.units,
        at=at,
    )


def take_in_burn(
    session: Session,
    *,
    merchant_id: str,
    units: int,
    payout_ref: str,
    rate_micro_cents_per_unit: int,
    burned_at: datetime,
    at: datetime,
) -> CashOut:
    """Store a burn that only the chain remembers; the caller moves the points.

    Args:
        burned_at: Time of its block.
    """
    cash_out = CashOut(
        merchant_id=merchant_id,
        units=units,
        euro_cents=euro_cents(units, rate_micro_cents_per_unit),
        rate_micro_cents_per_unit=rate_micro_cents_per_unit,
        payout_ref=payout_ref,
        state=CashOutState.CONFIRMED,
        requested_at=burned_at,
        confirmed_at=at,
    )
    session.add(cash_out)
    session.flush()
    return cash_out


def note_progress(
    session: Session, day: date, *, cursor: str, completed_at: datetime | None
) -> None:
    """Remember how far the closing of a day has come."""
    session.merge(DayClosing(day=day, cursor=cursor, completed_at=completed_at))
