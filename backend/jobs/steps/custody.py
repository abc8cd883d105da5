"""Moves to an own wallet and back: signature checked, announced, and done after the cool-down."""

from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from backend.batches.rules import BatchKind
from backend.chain.errors import CallRevertedError
from backend.chain.typed import recovered
from backend.custody import queries
from backend.custody import service as custody
from backend.custody.models import CustodyMove
from backend.custody.rules import LOST_KEY_WAIT, MoveDirection, MoveState, signer_of
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.reserve import reserve
from backend.jobs.wallet_client import SigningRefusedError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.workflows import carry_custody, move_custody

RECOVERER = "recoverer"
MANAGER = "PointsAccessManager"
NOT_SCHEDULED = "AccessManagerNotScheduled"
ALREADY_SCHEDULED = "AccessManagerAlreadyScheduled"
EXPIRED = "AccessManagerExpired"
NOT_READY = "AccessManagerNotReady"

log = structlog.get_logger()


def verify_signatures(context: Context) -> bool:
    """Find out whose signatures came."""
    with context.database.reading() as session:
        signed = queries.moves_in(session, MoveState.SIGNED)
    return each(signed, partial(_verify, context))


def _verify(context: Context, move: CustodyMove) -> bool:
    with context.database.reading() as session:
        found = recovered(move_custody.typed(session, move), move.signature or "")
    direction = MoveDirection(move.direction)
    owner = signer_of(direction, source=move.source_address, target=move.target_address)
    refusal = "signature_wrong" if found is None or found[0] != owner else ""
    if not refusal and direction == MoveDirection.OUT:
        refusal = _disagreement(context, move)
    now = context.clock.now()
    with context.database.transaction() as session:
        if refusal:
            states = {MoveState.SIGNED}
            custody.close(
                session, move.id, MoveState.REFUSED, sources=states, refusal_code=refusal, at=now
            )
            carry_custody.tell(session, move, "custody_refused", now)
        elif custody.advance(session, move.id, MoveState.SIGNED, MoveState.VERIFIED, proof=None):
            carry_custody.tell(session, move, "custody_announced", now)
    return True


def _disagreement(context: Context, move: CustodyMove) -> str:
    """Let the wallet service check PIN or passkey; return why not, empty when it holds."""
    if move.proof is None:
        return "proof_missing"
    fields = {
        "request_id": f"departure/{move.id}",
        "chain_id": context.contracts.deployment.chain_id,
        "genesis_hash": move.genesis_hash,
        "target": move.target_address,
        "nonce": move.nonce,
        "proof": move.proof,
    }
    try:
        context.wallet.agree_to_departure(move.source_address, fields)
    except SigningRefusedError as error:
        return str(error.facts["reason"])
    return ""


def announce(context: Context) -> bool:
    """Schedule proven moves on chain; the cool-down begins."""
    with context.database.reading() as session:
        verified = queries.moves_in(session, MoveState.VERIFIED)
    return each(verified, partial(_announce, context))


def _announce(context: Context, move: CustodyMove) -> bool:
    is_lost = move.direction == MoveDirection.LOST
    wait = max(context.custody_cooldown, LOST_KEY_WAIT if is_lost else timedelta(0))
    when_s = context.node.head().timestamp_s + int(wait.total_seconds())
    executable_at = datetime.fromtimestamp(when_s, UTC)
    try:
        batch = reserve(
            context,
            kind=BatchKind.ANNOUNCE_MOVE,
            key_label=RECOVERER,
            contract=MANAGER,
            calldata=context.contracts.schedule(_call(context, move), when_s=when_s),
            attach=lambda session, batch: carry_custody.note_announced(
                session,
                move,
                batch_id=batch.id,
                executable_at=executable_at,
                page=f"{context.public_url}/compte/portefeuille",
                now=context.clock.now(),
            ),
        )
    except CallRevertedError as error:
        if context.contracts.error_name(error.reason) != ALREADY_SCHEDULED:
            raise
        # Announced by a database that was restored since; it is due at its own time or later.
        with context.database.transaction() as session:
            return custody.advance(
                session, move.id, MoveState.VERIFIED, MoveState.WAITING, executable_at=executable_at
            )
    return batch is not None


def withdraw(context: Context) -> bool:
    """Take back on chain what a citizen undid."""
    with context.database.reading() as session:
        undone = queries.undone(session)
    return each(undone, partial(_withdraw, context))


def _withdraw(context: Context, move: CustodyMove) -> bool:
    caller = context.sender(RECOVERER).address
    states = MoveState.WAITING, MoveState.CANCELLING
    try:
        batch = reserve(
            context,
            kind=BatchKind.WITHDRAW_MOVE,
            key_label=RECOVERER,
            contract=MANAGER,
            calldata=context.contracts.unschedule(_call(context, move), caller=caller),
            attach=lambda session, batch: custody.advance(
                session, move.id, *states, batch_id=batch.id
            ),
        )
    except CallRevertedError as error:
        if context.contracts.error_name(error.reason) != NOT_SCHEDULED:
            raise
        return _end(context, move, "undone")
    return batch is not None


def execute(context: Context) -> bool:
    """Move the points of announced moves whose cool-down is over."""
    with context.database.reading() as session:
        due = queries.due(session, context.clock.now())
        quiet = [move for move in due if carry_custody.is_quiet(session, move.account_id)]
    return each(quiet, partial(_execute, context))


def _execute(context: Context, move: CustodyMove) -> bool:
    units = _units_at(context, move.source_address)
    if _is_short(context, move, units):
        # Somebody paid at the desk past us: whoever looks at reconcile has to book that first.
        log.error("custody_books_differ", move=move.id, chain_units=units)
        return False
    now = context.clock.now()
    if units == 0:
        with context.database.transaction() as session:
            return carry_custody.start(session, move, batch_id=None, units=0, now=now)
    try:
        batch = reserve(
            context,
            kind=BatchKind.MOVE_POINTS,
            key_label=RECOVERER,
            contract="EcoToken",
            calldata=_call(context, move),
            attach=lambda session, batch: carry_custody.start(
                session, move, batch_id=batch.id, units=units, now=now
            ),
        )
    except CallRevertedError as error:
        return _after_refusal(context, move, context.contracts.error_name(error.reason), error)
    return batch is not None


def _after_refusal(
    context: Context, move: CustodyMove, name: str, error: CallRevertedError
) -> bool:
    if name == NOT_READY:
        return False
    if name == NOT_SCHEDULED:
        return _end(context, move, "stopped_by_guardian")
    if name == EXPIRED:
        with context.database.transaction() as session:
            return custody.advance(session, move.id, MoveState.WAITING, MoveState.VERIFIED)
    raise error


def _end(context: Context, move: CustodyMove, reason: str) -> bool:
    now, states = context.clock.now(), {MoveState.WAITING}
    with context.database.transaction() as session:
        carry_custody.tell(session, move, "custody_cancelled", now)
        return custody.close(
            session, move.id, MoveState.CANCELLED, sources=states, refusal_code=reason, at=now
        )


def _is_short(context: Context, move: CustodyMove, units: int) -> bool:
    if move.direction == MoveDirection.LEFTOVER:
        return False
    with context.database.reading() as session:
        return units < ledger_queries.balance(session, names.confirmed(move.account_id))


def _units_at(context: Context, address: str) -> int:
    token = context.contracts.address("EcoToken")
    answer = context.node.call(to_address=token, calldata=context.contracts.balance_of(address))
    return int.from_bytes(answer[:32], "big")


def _call(context: Context, move: CustodyMove) -> str:
    return context.contracts.recover(move.source_address, move.target_address)
