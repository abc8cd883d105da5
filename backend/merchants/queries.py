"""Reads of merchants."""

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from backend.merchants.models import Merchant, MerchantApplication
from backend.merchants.rules import ApplicationState, MerchantKind, MerchantState


def merchant(session: Session, merchant_id: str) -> Merchant | None:
    """Return one merchant."""
    return session.get(Merchant, merchant_id)


def by_pseudonym(session: Session, pseudonym: int) -> Merchant | None:
    """Return a merchant by its number on chain."""
    return session.exec(select(Merchant).where(col(Merchant.pseudonym) == pseudonym)).one_or_none()


def merchants(session: Session) -> Sequence[Merchant]:
    """Return all merchants by name."""
    return session.exec(select(Merchant).order_by(col(Merchant.name))).all()


def merchants_of(session: Session, account_id: str) -> Sequence[Merchant]:
    """Return the merchants whose till an account runs."""
    statement = select(Merchant).where(col(Merchant.owner_account_id) == account_id)
    return session.exec(statement.order_by(col(Merchant.name))).all()


def merchants_in(session: Session, state: MerchantState, *, limit: int = 50) -> Sequence[Merchant]:
    """Return merchants in a state, oldest first."""
    statement = select(Merchant).where(col(Merchant.state) == state)
    return session.exec(statement.order_by(col(Merchant.id)).limit(limit)).all()


def active_after(session: Session, cursor: str, *, limit: int) -> Sequence[Merchant]:
    """Return the next shops that can take payments, in the order of their ids."""
    statement = select(Merchant).where(
        col(Merchant.state) == MerchantState.ACTIVE, col(Merchant.id) > cursor
    )
    return session.exec(statement.order_by(col(Merchant.id)).limit(limit)).all()


def merchants_of_batch(session: Session, batch_id: str) -> Sequence[Merchant]:
    """Return the merchants that a transaction registers."""
    return session.exec(select(Merchant).where(col(Merchant.batch_id) == batch_id)).all()


def pseudonyms(session: Session, merchant_ids: Iterable[str]) -> dict[str, int]:
    """Return merchant id → number on chain, of those that exist."""
    statement = select(Merchant.id, Merchant.pseudonym).where(
        col(Merchant.id).in_(set(merchant_ids))
    )
    return dict(session.exec(statement).all())


def application(session: Session, application_id: str) -> MerchantApplication | None:
    """Return one application."""
    return session.get(MerchantApplication, application_id)


def open_applications(session: Session, *, limit: int = 100) -> Sequence[MerchantApplication]:
    """Return applications that wait for a decision, oldest first."""
    statement = select(MerchantApplication).where(
        col(MerchantApplication.state) == ApplicationState.APPLIED
    )
    return session.exec(statement.order_by(col(MerchantApplication.id)).limit(limit)).all()


def applications_of(session: Session, account_id: str) -> Sequence[MerchantApplication]:
    """Return what an account applied for, newest first."""
    statement = select(MerchantApplication).where(col(MerchantApplication.account_id) == account_id)
    return session.exec(statement.order_by(col(MerchantApplication.id).desc())).all()


def active_of_kind(session: Session, kind: MerchantKind) -> Sequence[Merchant]:
    """Return the active merchants of a kind, by name."""
    statement = select(Merchant).where(
        col(Merchant.kind) == kind, col(Merchant.state) == MerchantState.ACTIVE
    )
    return session.exec(statement.order_by(col(Merchant.name))).all()
