"""Reads of promises."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.promises.models import ArrivedPromise, PromisePass, PromiseShop
from backend.promises.rules import ARRIVES_WITHIN, PAYERS_FAULT, Outcome, PassState


def held(session: Session, pass_id: str) -> PromisePass | None:
    """Return one pass."""
    return session.get(PromisePass, pass_id)


def passes_of(session: Session, account_id: str, *, since: datetime) -> Sequence[PromisePass]:
    """Return the passes of an account that ended after an instant, newest first."""
    statement = select(PromisePass).where(
        col(PromisePass.account_id) == account_id, col(PromisePass.expires_at) > since
    )
    return session.exec(statement.order_by(col(PromisePass.issued_at).desc())).all()


def open_passes(session: Session, account_id: str, *, now: datetime) -> Sequence[PromisePass]:
    """Return the passes that can promise now."""
    return [
        one
        for one in passes_of(session, account_id, since=now)
        if one.state == PassState.ACTIVE and one.spent_units < one.limit_units
    ]


def is_barred(session: Session, account_id: str, *, since: datetime) -> bool:
    """Tell whether a promise of an account was not covered since an instant."""
    statement = select(ArrivedPromise.id).where(
        col(ArrivedPromise.account_id) == account_id,
        col(ArrivedPromise.refusal_code).in_(PAYERS_FAULT),
        col(ArrivedPromise.arrived_at) > since,
    )
    return session.exec(statement.limit(1)).first() is not None


def arrived(session: Session, promise_id: str) -> ArrivedPromise | None:
    """Return a promise that arrived before."""
    return session.get(ArrivedPromise, promise_id, populate_existing=True)


def of_payment(session: Session, payment_id: str) -> ArrivedPromise | None:
    """Return the promise behind a payment."""
    statement = select(ArrivedPromise).where(col(ArrivedPromise.payment_id) == payment_id)
    return session.exec(statement).one_or_none()


def of_account(session: Session, account_id: str, *, limit: int) -> Sequence[ArrivedPromise]:
    """Return the promises of an account that arrived, newest first."""
    statement = select(ArrivedPromise).where(col(ArrivedPromise.account_id) == account_id)
    return session.exec(
        statement.order_by(col(ArrivedPromise.arrived_at).desc()).limit(limit)
    ).all()


def of_shop(session: Session, merchant_id: str, *, since: datetime) -> Sequence[ArrivedPromise]:
    """Return the promises to a shop that arrived since an instant, newest first."""
    statement = select(ArrivedPromise).where(
        col(ArrivedPromise.merchant_id) == merchant_id, col(ArrivedPromise.arrived_at) >= since
    )
    return session.exec(statement.order_by(col(ArrivedPromise.arrived_at).desc()).limit(200)).all()


def shop(session: Session, merchant_id: str) -> PromiseShop | None:
    """Return what an owner allowed; `None` when nobody asked."""
    return session.get(PromiseShop, merchant_id)


def taken_units(
    session: Session, merchant_id: str, handed_in_by: str, *, since: datetime, until: datetime
) -> int:
    """Return what somebody at a till handed in and was accepted, signed in a span of time."""
    statement = select(func.coalesce(func.sum(ArrivedPromise.units), 0)).where(
        col(ArrivedPromise.merchant_id) == merchant_id,
        col(ArrivedPromise.handed_in_by) == handed_in_by,
        col(ArrivedPromise.outcome) == Outcome.ACCEPTED,
        col(ArrivedPromise.signed_at) >= since,
        col(ArrivedPromise.signed_at) < until,
    )
    return int(session.exec(statement).one())


def purgeable(session: Session, *, now: datetime, limit: int = 1_000) -> Sequence[str]:
    """Return passes from which nothing came and nothing can come any more."""
    used = (
        select(ArrivedPromise.id).where(col(ArrivedPromise.pass_id) == col(PromisePass.id)).exists()
    )
    statement = select(PromisePass.id).where(
        col(PromisePass.expires_at) < now - ARRIVES_WITHIN, ~used
    )
    return session.exec(statement.limit(limit)).all()
