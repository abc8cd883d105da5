"""A citizen takes the points to an own wallet, or brings them back; undone in the cool-down."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

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
    challenge,
    is_signature,
    usable_address,
)
from backend.factors import queries as factor_queries
from backend.factors.errors import FactorMissingError, ProofNeededError, WalletUnknownError
from backend.factors.models import WalletFacts
from backend.kernel.errors import NotFoundError
from backend.market.errors import SpenderHasNoAddressError
from backend.workflows import carry_custody


def begin_out(session: Session, *, account_id: str, own_address: str, now: datetime) -> CustodyMove:
    """Ask an own wallet to prove that it is there.

    Raises:
        AddressUnusableError: No address, a typing error, or somebody else's.
        CustodyUnchangedError: The points are in an own wallet already.
        MoveOpenError: Another move is not finished.
        FactorMissingError: The citizen has neither PIN nor passkey to prove it with.
        SpenderHasNoAddressError, WalletUnknownError: Nothing on chain yet.
    Effects: one custody_move CHALLENGED.
    """
    facts, current = _facts(session), _current(session, account_id)
    if current.custody == Custody.OWN:
        raise CustodyUnchangedError
    if not factor_queries.counting(session, current.address, now=now):
        raise FactorMissingError
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
        carry_custody.tell(session, move, "custody_announced", now)
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
        ProofNeededError: The citizen has not proved the move; see prove_departure.
        SignatureUnreadableError: The text is no signature.
        MoveClosedError: Answered before, undone, or too late.
    """
    move = _own(session, move_id, account_id)
    if move.direction == MoveDirection.OUT and move.proof is None:
        raise ProofNeededError
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
