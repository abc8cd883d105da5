"""Reads of collections."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.collections.models import CollectionRound, DepositMass, StationBalance, Weighing
from backend.collections.rules import BalanceState


def rounds(session: Session, *, limit: int = 50) -> Sequence[CollectionRound]:
    """Return rounds, open ones first, then the newest."""
    statement = select(CollectionRound).order_by(
        col(CollectionRound.state).desc(), col(CollectionRound.touched_at).desc()
    )
    return session.exec(statement.limit(limit)).all()


def lock_round(session: Session, ref: str) -> CollectionRound | None:
    """Lock and return a round."""
    statement = select(CollectionRound).where(col(CollectionRound.ref) == ref)
    return session.exec(statement.with_for_update()).one_or_none()


def quiet_rounds(session: Session, *, since: datetime) -> Sequence[str]:
    """Return open rounds that nothing changed after an instant."""
    statement = select(CollectionRound.ref).where(
        col(CollectionRound.state) == "open", col(CollectionRound.touched_at) <= since
    )
    return session.exec(statement.order_by(col(CollectionRound.ref))).all()


def weighings_of(session: Session, round_ref: str) -> Sequence[Weighing]:
    """Return the weighings of a round in order of arrival."""
    statement = select(Weighing).where(col(Weighing.round_ref) == round_ref)
    return session.exec(statement.order_by(col(Weighing.id))).all()


def weighing(
    session: Session, *, ticket: str, station_id: str, material: str, container: str
) -> Weighing | None:
    """Return what a ticket says of a container, if it came before."""
    statement = select(Weighing).where(
        col(Weighing.ticket) == ticket,
        col(Weighing.station_id) == station_id,
        col(Weighing.material) == material,
        col(Weighing.container) == container,
    )
    return session.exec(statement).one_or_none()


def open_deposits(
    session: Session, *, station_id: str, material: str, until: datetime
) -> Sequence[DepositMass]:
    """Return the deposits up to an instant that no balance counted yet, by claim."""
    statement = select(DepositMass).where(
        col(DepositMass.station_id) == station_id,
        col(DepositMass.material) == material,
        col(DepositMass.balance_id).is_(None),
        col(DepositMass.occurred_at) <= until,
        ~col(DepositMass.is_withdrawn),
    )
    return session.exec(statement.order_by(col(DepositMass.claim_id))).all()


def counted_by(session: Session, balance_id: int) -> Sequence[DepositMass]:
    """Return the deposits that a balance counted and nobody took back, by claim."""
    statement = select(DepositMass).where(
        col(DepositMass.balance_id) == balance_id, ~col(DepositMass.is_withdrawn)
    )
    return session.exec(statement.order_by(col(DepositMass.claim_id))).all()


def last_balance(session: Session, *, station_id: str, material: str) -> StationBalance | None:
    """Return the newest balance of a station and material."""
    found = last_balances(session, station_id=station_id, material=material, limit=1)
    return found[0] if found else None


def last_balances(
    session: Session, *, station_id: str, material: str, limit: int
) -> Sequence[StationBalance]:
    """Return the newest balances of a station and material, newest first."""
    statement = select(StationBalance).where(
        col(StationBalance.station_id) == station_id, col(StationBalance.material) == material
    )
    return session.exec(statement.order_by(col(StationBalance.id).desc()).limit(limit)).all()


def balances_of_round(session: Session, round_ref: str) -> Sequence[StationBalance]:
    """Return the balances of a closed round."""
    statement = select(StationBalance).where(col(StationBalance.round_ref) == round_ref)
    return session.exec(statement.order_by(col(StationBalance.id))).all()


def balances_of_station(
    session: Session, station_id: str, *, limit: int = 52
) -> Sequence[StationBalance]:
    """Return the newest balances of a station, oldest first."""
    statement = select(StationBalance).where(col(StationBalance.station_id) == station_id)
    newest = session.exec(statement.order_by(col(StationBalance.id).desc()).limit(limit)).all()
    return list(reversed(newest))


def waiting(session: Session, *, due: datetime | None = None) -> Sequence[StationBalance]:
    """Return balances that wait for a person; with `due`, those whose time is over."""
    statement = select(StationBalance).where(col(StationBalance.state) == BalanceState.WAITING)
    if due is not None:
        statement = statement.where(col(StationBalance.due_at) <= due)
    return session.exec(statement.order_by(col(StationBalance.due_at))).all()


def lock_waiting(session: Session, balance_id: int) -> StationBalance | None:
    """Lock and return a balance that waits for a person."""
    statement = select(StationBalance).where(
        col(StationBalance.id) == balance_id, col(StationBalance.state) == BalanceState.WAITING
    )
    return session.exec(statement.with_for_update()).one_or_none()


def located_between(session: Session, station_id: str, since: datetime, until: datetime) -> int:
    """Return how many located acts (P1) were paid at a station from `since` before `until`."""
    statement = select(func.count()).where(
        col(DepositMass.station_id) == station_id,
        col(DepositMass.level) == "P1",
        col(DepositMass.occurred_at) >= since,
        col(DepositMass.occurred_at) < until,
    )
    return int(session.exec(statement).one())


def mass_since_emptied_g(session: Session, *, station_id: str, material: str) -> int:
    """Return the mass claimed at a container that no balance counted yet. Unit: grams."""
    statement = select(func.coalesce(func.sum(DepositMass.mass_g), 0)).where(
        col(DepositMass.station_id) == station_id,
        col(DepositMass.material) == material,
        col(DepositMass.balance_id).is_(None),
        ~col(DepositMass.is_withdrawn),
    )
    return int(session.exec(statement).one())
