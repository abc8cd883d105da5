"""What the runner does about a move of points: announced, on its way, arrived, told."""

from datetime import datetime

from sqlalchemy import exists
from sqlmodel import Session, col, select

from backend.accounts import addresses
from backend.accounts import queries as account_queries
from backend.custody import service as custody
from backend.custody.models import CustodyMove
from backend.custody.rules import Custody, MoveDirection, MoveState
from backend.db import event_log
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.ledger import service as ledger
from backend.market.models import Payment, Refund
from backend.market.rules import PaymentState, RefundState
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from backend.workflows import notices

_PAYING = (
    PaymentState.ACCEPTED,
    PaymentState.AUTHORISED,
    PaymentState.BATCHED,
    PaymentState.CANCELLING,
)


def note_announced(
    session: Session,
    move: CustodyMove,
    *,
    batch_id: str,
    executable_at: datetime,
    page: str,
    now: datetime,
) -> bool:
    """Tie a move to the transaction that announces it; a mail says how to undo it in time.

    Args:
        page: Address where the citizen undoes it.
    Returns:
        False when the citizen undid it meanwhile.
    Effects: SCHEDULING; one mail per move, none for what was left behind.
    """
    changes: dict[str, object] = {"batch_id": batch_id, "executable_at": executable_at}
    if not custody.advance(session, move.id, MoveState.VERIFIED, MoveState.SCHEDULING, **changes):
        return False
    if move.direction != MoveDirection.LEFTOVER:
        notices.mail(
            session,
            move.account_id,
            "points_leave" if move.direction == MoveDirection.OUT else "points_return",
            dedupe_key=f"custody/{move.id}",
            facts=lambda language: {
                "target": move.target_address,
                "until": notices.instant(executable_at, language),
                "page": page,
            },
            at=now,
        )
    return True


def start(
    session: Session, move: CustodyMove, *, batch_id: str | None, units: int, now: datetime
) -> bool:
    """Send the points on their way, in the transaction that reserves the chain's.

    Args:
        batch_id: Transaction; `None` when nothing lies at the address that is left.
        units: What lies there.
    Returns:
        False when something of the account is under way, or the citizen undid it.
    Effects: EXECUTING or DONE; the account receives at the new address from now on.
    """
    balances = [name(move.account_id) for name in (names.confirmed, names.in_flight)]
    ledger.lock(session, balances)
    fresh = session.get_one(CustodyMove, move.id, populate_existing=True)
    if fresh.undo_asked_at is not None or not is_quiet(session, move.account_id):
        return False
    target = MoveState.DONE if batch_id is None else MoveState.EXECUTING
    changes: dict[str, object] = {"batch_id": batch_id, "moved_units": units}
    if not custody.advance(session, move.id, MoveState.WAITING, target, **changes):
        return False
    _switch(session, move, source=move.source_address, target=move.target_address, now=now)
    if batch_id is None:
        states = {MoveState.DONE}
        custody.close(session, move.id, MoveState.DONE, sources=states, at=now)
        tell(session, move, "custody_moved", now)
    return True


def stop(session: Session, move: CustodyMove, *, now: datetime) -> None:
    """Take a move back that the chain did not make; it is tried again.

    Effects: EXECUTING → WAITING; the account receives at the old address again.
    """
    if custody.advance(session, move.id, MoveState.EXECUTING, MoveState.WAITING, batch_id=None):
        _switch(session, move, source=move.target_address, target=move.source_address, now=now)


def finish(session: Session, move: CustodyMove, *, at: datetime) -> None:
    """Close a move whose transaction is final.

    Effects: DONE, one event; for a leftover the ledger moving → confirmed.
    """
    sources = {MoveState.EXECUTING}
    if not custody.close(session, move.id, MoveState.DONE, sources=sources, at=at):
        return
    if move.direction == MoveDirection.LEFTOVER:
        ledger.move(
            session,
            reference=f"custody/{move.id}/followed",
            kind="leftover_followed",
            source=names.moving(move.account_id),
            target=names.confirmed(move.account_id),
            units=move.moved_units,
            at=at,
        )
        follow(session, move.account_id, source=move.source_address, now=at)
    tell(session, move, "custody_moved", at)


def follow(session: Session, account_id: str, *, source: str, now: datetime) -> None:
    """Let what lies at a left address follow to the current one, if there is anything.

    Effects: one custody_move LEFTOVER, unless one is open for that address.
    """
    current = account_queries.current_address(session, account_id)
    has_any = ledger_queries.balance(session, names.moving(account_id)) > 0
    if current is not None and has_any and current.address != source:
        custody.open_leftover(
            session,
            account_id=account_id,
            genesis_hash=current.genesis_hash,
            source=source,
            target=current.address,
            at=now,
        )


def is_quiet(session: Session, account_id: str) -> bool:
    """Tell whether nothing of an account is on its way to or from the chain."""
    payments = col(Payment.payer_account_id) == account_id
    under_way = (
        exists().where(payments, col(Payment.state).in_(_PAYING)),
        exists().where(
            payments,
            col(Refund.payment_id) == col(Payment.id),
            col(Refund.state).in_((RefundState.REQUESTED, RefundState.BATCHED)),
        ),
        exists().where(
            col(Reward.account_id) == account_id, col(Reward.state) == RewardState.BATCHED
        ),
    )
    return not any(session.exec(select(found)).one() for found in under_way)


def tell(session: Session, move: CustodyMove, kind: str, now: datetime) -> None:
    """Tell the citizen how far a move is.

    Effects: one event.
    """
    event_log.append(session, kind=kind, subject=move.id, audience=move.account_id, at=now)


def _switch(
    session: Session, move: CustodyMove, *, source: str, target: str, now: datetime
) -> None:
    if move.direction == MoveDirection.LEFTOVER:
        return
    addresses.switch_address(
        session,
        account_id=move.account_id,
        genesis_hash=move.genesis_hash,
        source=source,
        target=target,
        custody=Custody.OWN,
        now=now,
    )
