"""A citizen takes the points to an own wallet, or brings them back; undone in the cool-down."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists
from sqlmodel import Session, col, select

from backend.accounts import addresses
from backend.accounts import queries as account_queries
from backend.accounts.models import AccountAddress
from backend.custody import queries
from backend.custody import service as custody
from backend.custody.errors import (
    AddressUnusableError,
    CustodyUnchangedError,
    MoveClosedError,
    SignatureUnreadableError,
)
from backend.custody.models import CustodyMove
from backend.custody.rules import (
    Custody,
    MoveDirection,
    MoveState,
    challenge,
    is_signature,
    usable_address,
)
from backend.db import event_log
from backend.factors import queries as factor_queries
from backend.factors.errors import WalletUnknownError
from backend.factors.models import WalletFacts
from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.ledger import service as ledger
from backend.market.errors import SpenderHasNoAddressError
from backend.market.models import Payment, Refund
from backend.market.rules import PaymentState, RefundState
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState

_PAYING = (
    PaymentState.ACCEPTED,
    PaymentState.AUTHORISED,
    PaymentState.BATCHED,
    PaymentState.CANCELLING,
)


def begin_out(session: Session, *, account_id: str, own_address: str, now: datetime) -> CustodyMove:
    """Ask an own wallet to prove that it is there.

    Raises:
        AddressUnusableError: No address, a typing error, or somebody else's.
        CustodyUnchangedError: The points are in an own wallet already.
        MoveOpenError: Another move is not finished.
        SpenderHasNoAddressError, WalletUnknownError: Nothing on chain yet.
    Effects: one custody_move CHALLENGED.
    """
    facts, current = _facts(session), _current(session, account_id)
    if current.custody == Custody.OWN:
        raise CustodyUnchangedError
    target = usable_address(own_address)
    if target is None or not _is_free(session, target, account_id, facts.genesis_hash):
        raise AddressUnusableError
    custody.lapse(session, account_id, at=now)
    return custody.open_move(
        session,
        account_id=account_id,
        genesis_hash=facts.genesis_hash,
        direction=MoveDirection.OUT,
        source=current.address,
        target=target,
        at=now,
    )


def begin_back(
    session: Session, *, account_id: str, is_key_lost: bool, now: datetime
) -> CustodyMove:
    """Bring the points back: the wallet signs, or its key is lost and the wait is long.

    Raises:
        CustodyUnchangedError: The points are kept by the service already.
        MoveOpenError: Another move is not finished.
        SpenderHasNoAddressError, WalletUnknownError: Nothing on chain yet.
    Effects: one custody_move, CHALLENGED or VERIFIED.
    """
    facts, current = _facts(session), _current(session, account_id)
    kept = account_queries.kept_address(session, account_id)
    if current.custody == Custody.SERVICE or kept is None:
        raise CustodyUnchangedError
    custody.lapse(session, account_id, at=now)
    move = custody.open_move(
        session,
        account_id=account_id,
        genesis_hash=facts.genesis_hash,
        direction=MoveDirection.LOST if is_key_lost else MoveDirection.BACK,
        source=current.address,
        target=kept.address,
        at=now,
    )
    if is_key_lost:
        tell(session, move, "custody_announced", now)
    return move


def typed(session: Session, move: CustodyMove) -> dict[str, Any]:
    """Return the typed data that the own wallet signs for a move.

    Raises:
        WalletUnknownError: The jobs runner has not noted token and chain yet.
    """
    facts = _facts(session)
    return challenge(
        MoveDirection(move.direction),
        chain_id=facts.chain_id,
        token=facts.token,
        source=move.source_address,
        target=move.target_address,
        nonce=move.nonce,
        expires_s=int(move.expires_at.timestamp()),
    )


def answer(
    session: Session, *, move_id: str, account_id: str, signature: str, now: datetime
) -> None:
    """Take the wallet's signature of a challenge; the jobs runner checks whose it is.

    Raises:
        NotFoundError: No such move of this account.
        SignatureUnreadableError: The text is no signature.
        MoveClosedError: Answered before, undone, or too late.
    """
    move = _own(session, move_id, account_id)
    if not is_signature(signature):
        raise SignatureUnreadableError
    if not custody.store_signature(session, move.id, signature.strip(), at=now):
        raise MoveClosedError(move.state)


def undo(session: Session, *, move_id: str, account_id: str, now: datetime) -> None:
    """Undo a move in its cool-down; the points stay where they are.

    Raises:
        NotFoundError: No such move of this account.
        MoveClosedError: The points are on their way, or it is over.
    """
    move = _own(session, move_id, account_id)
    if not custody.ask_undo(session, move.id, at=now):
        raise MoveClosedError(move.state)


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


def _is_free(session: Session, address: str, account_id: str, genesis_hash: str) -> bool:
    owner = account_queries.owner_of_address(session, address, genesis_hash=genesis_hash)
    if owner is None:
        return True
    kept = account_queries.kept_address(session, account_id)
    return owner == account_id and (kept is None or kept.address != address)


def _facts(session: Session) -> WalletFacts:
    facts = factor_queries.wallet_facts(session)
    if facts is None or not facts.token:
        raise WalletUnknownError
    return facts


def _current(session: Session, account_id: str) -> AccountAddress:
    current = account_queries.current_address(session, account_id)
    if current is None:
        raise SpenderHasNoAddressError
    return current


def _own(session: Session, move_id: str, account_id: str) -> CustodyMove:
    move = queries.move(session, move_id)
    if move is None or move.account_id != account_id:
        raise NotFoundError("custody_move", move_id)
    return move
