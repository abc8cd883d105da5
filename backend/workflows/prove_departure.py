"""A citizen proves with PIN or passkey that the points are to leave for an own wallet."""

from datetime import datetime

from sqlmodel import Session

from backend.custody import queries
from backend.custody import service as custody
from backend.custody.errors import MoveClosedError
from backend.custody.models import CustodyMove
from backend.custody.rules import MoveDirection
from backend.factors import queries as factor_queries
from backend.factors.errors import ProofNeededError, WalletUnknownError
from backend.factors.rules import departure_digest, is_pin, seal_pin
from backend.kernel.errors import NotFoundError
from backend.workflows.prove_payment import Proof


def challenge(session: Session, move: CustodyMove) -> bytes:
    """Return the 32 bytes that the proof of a move covers.

    Raises:
        WalletUnknownError: The jobs runner has not noted token and chain yet.
    """
    facts = factor_queries.wallet_facts(session)
    if facts is None or not facts.token:
        raise WalletUnknownError
    return departure_digest(
        chain_id=facts.chain_id,
        token=facts.token,
        source=move.source_address,
        target=move.target_address,
        nonce=move.nonce,
    )


def prove(session: Session, *, move_id: str, account_id: str, proof: Proof, now: datetime) -> None:
    """Keep the proof of a move until the wallet service has verified it; a PIN is sealed here.

    Raises:
        NotFoundError: No such move of this account.
        ProofNeededError: Neither a PIN's digits nor a passkey's answer came along.
        MoveClosedError: Signed before, undone, or too late.
        WalletUnknownError: See `challenge`.
    Effects: the move's `proof`.
    """
    move = queries.move(session, move_id)
    if move is None or move.account_id != account_id or move.direction != MoveDirection.OUT:
        raise NotFoundError("custody_move", move_id)
    if proof.assertion is not None:
        kept = {"kind": "passkey", "assertion": proof.assertion}
    elif is_pin(proof.pin):
        facts = factor_queries.wallet_facts(session)
        if facts is None:
            raise WalletUnknownError
        sealed = seal_pin(facts.pin_key, proof.pin, challenge(session, move))
        kept = {"kind": "pin", "sealed": sealed}
    else:
        raise ProofNeededError
    if not custody.store_proof(session, move.id, kept, at=now):
        raise MoveClosedError(move.state)
