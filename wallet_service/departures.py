"""A citizen's own word before points may leave the kept account for another address."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlmodel import Session, col, select

from wallet_service import accounts, deployments, factors, models, schemas
from wallet_service.errors import ConflictError, PolicyDeniedError
from wallet_service.hashing import address_bytes, checksummed, hex_bytes
from wallet_service.limits import ContractName
from wallet_service.wallet import Envelope, Wallet, perform_once, refuse_when_frozen

_TAG = b"calanque/departure/v1"
_WORD_BYTES = 32


def departure_digest(
    *, chain_id: int, token: bytes, source: bytes, target: bytes, nonce: bytes
) -> bytes:
    """Return the 32 bytes that PIN or passkey cover (docs/wallet.md).

    Args:
        token, source, target: Addresses.
        nonce: 32 bytes of the move, so that a proof works for one move.
    """
    return sha256(
        _TAG + chain_id.to_bytes(_WORD_BYTES, "big") + token + source + target + nonce
    ).digest()


def agree(wallet: Wallet, address: str, body: schemas.DepartureIn) -> schemas.DepartureOut:
    """Check the proof of a move away from this account and remember that it was given.

    Raises:
        UnknownError: No such account here.
        PINWrongError, PolicyDeniedError: The proof does not hold; see `factors.verify`.
        ConflictError: Another genesis, or nothing is pinned.
    Effects: one `journal_departure`, the factor used, the request log.
    """

    def first(session: Session, now: datetime) -> schemas.DepartureOut:
        refuse_when_frozen(session)
        account = accounts.known(session, address)
        if account.genesis_hash != body.genesis_hash:
            raise ConflictError("genesis_differs", "This account belongs to another chain.")
        contracts = deployments.pinned(
            session, chain_id=body.chain_id, genesis_hash=body.genesis_hash
        )
        digest = departure_digest(
            chain_id=body.chain_id,
            token=contracts[ContractName.ECO_TOKEN],
            source=address_bytes(account.address),
            target=address_bytes(body.target),
            nonce=hex_bytes(body.nonce),
        )
        claim = factors.Claim(account.address, digest, body.proof)
        row = models.JournalDeparture(
            request_id=body.request_id,
            address=account.address,
            genesis_hash=body.genesis_hash,
            target=checksummed(address_bytes(body.target)),
            nonce=hex_bytes(body.nonce),
            proof=factors.verify(wallet, session, claim, now),
            agreed_at=now,
        )
        session.add(row)
        return _answer(row)

    def again(session: Session) -> schemas.DepartureOut:
        return _answer(
            session.exec(
                select(models.JournalDeparture).where(
                    col(models.JournalDeparture.request_id) == body.request_id
                )
            ).one()
        )

    return perform_once(
        wallet,
        Envelope.of("departure", body, path=address),
        first=first,
        again=again,
        on_refusal=factors.count_failure,
    )


def refuse_unagreed(session: Session, genesis_hash: str, leaves: Sequence[bytes]) -> None:
    """Let a recovery be announced away from an account of this store only with its owner's word.

    A word holds for its two addresses and not only once: what is refunded later to the account
    follows to the same wallet without another.

    Args:
        leaves: Address that is left and address that receives; empty for any other call.
    Raises:
        PolicyDeniedError: The owner of the account has not agreed.
    """
    if not leaves:
        return
    source, target = (checksummed(party) for party in leaves)
    is_ours = session.get(models.Account, source) is not None
    agreed = session.exec(
        select(models.JournalDeparture.id).where(
            col(models.JournalDeparture.genesis_hash) == genesis_hash,
            col(models.JournalDeparture.address) == source,
            col(models.JournalDeparture.target) == target,
        )
    ).first()
    if is_ours and agreed is None:
        raise PolicyDeniedError(
            "departure_unproved", "The owner of this account has not agreed to this move."
        )


def _answer(row: models.JournalDeparture) -> schemas.DepartureOut:
    return schemas.DepartureOut(target=row.target, proof=row.proof)
