"""Signs that a payment can no longer be taken: EIP-3009 cancellations, one per nonce for ever."""

from datetime import datetime

from sqlmodel import Session, col, select

from wallet_service import accounts, deployments, models, schemas, store
from wallet_service.eip712 import cancellation_digest, nonce_of
from wallet_service.errors import ConflictError
from wallet_service.hashing import address_bytes, hex_bytes, word
from wallet_service.limits import ContractName
from wallet_service.payments import V_BASE
from wallet_service.policy import CANCELLATION_SCOPE, judge_cancellation
from wallet_service.signing.transactions import checked_signature
from wallet_service.wallet import Envelope, Wallet, perform_once, refuse_when_frozen


def cancel(wallet: Wallet, body: schemas.CancellationIn) -> schemas.AuthorizationOut:
    """Sign the end of a payment of this account to the pinned desk.

    The nonce is computed from the payment as for its authorisation, so that nothing but a
    payment to the desk can be called off. A payment that this journal does not know (it was
    lost with a restore) can be called off too: it may have been signed before.

    Raises:
        UnknownError: No such account here.
        PolicyDeniedError: The policy signs no payments, or not for this chain.
        LimitReachedError: Too many cancellations today.
        ConflictError: Another genesis, or nothing is pinned.
    Effects: one `journal_cancellation`, a counter of the day, the request log.
    """

    def first(session: Session, now: datetime) -> schemas.AuthorizationOut:
        return _cancel_first(wallet, session, body, now)

    def again(session: Session) -> schemas.AuthorizationOut:
        row = session.exec(
            select(models.JournalCancellation).where(
                col(models.JournalCancellation.request_id) == body.request_id
            )
        ).one()
        return _answer(row)

    return perform_once(wallet, Envelope.of("cancellation", body), first=first, again=again)


def _cancel_first(
    wallet: Wallet, session: Session, body: schemas.CancellationIn, now: datetime
) -> schemas.AuthorizationOut:
    refuse_when_frozen(session)
    account = accounts.known(session, body.address)
    if account.genesis_hash != body.genesis_hash:
        raise ConflictError("genesis_differs", "This account belongs to another chain.")
    contracts = deployments.pinned(session, chain_id=body.chain_id, genesis_hash=body.genesis_hash)
    nonce = nonce_of(
        chain_id=body.chain_id,
        desk=contracts[ContractName.REDEMPTION_DESK],
        merchant_id=body.merchant_id,
        payment_ref=hex_bytes(body.payment_ref),
        salt=hex_bytes(body.salt),
    )
    _refuse_repeated(session, account, nonce)
    used = store.used_today(session, [CANCELLATION_SCOPE], now)
    grant = judge_cancellation(wallet.policy, chain_id=body.chain_id, used=used)
    digest = cancellation_digest(
        chain_id=body.chain_id,
        token=contracts[ContractName.ECO_TOKEN],
        authorizer=address_bytes(account.address),
        nonce=nonce,
    )
    signature = checked_signature(accounts.signer_of(wallet, account), digest)
    row = models.JournalCancellation(
        request_id=body.request_id,
        address=account.address,
        genesis_hash=body.genesis_hash,
        nonce=nonce,
        v=V_BASE + signature.parity,
        r=word(signature.r),
        s=word(signature.s),
        signed_at=now,
    )
    session.add(row)
    store.apply_charges(session, grant.charges, now)
    return _answer(row)


def _refuse_repeated(session: Session, account: models.Account, nonce: bytes) -> None:
    earlier = session.exec(
        select(models.JournalCancellation.id).where(
            col(models.JournalCancellation.genesis_hash) == account.genesis_hash,
            col(models.JournalCancellation.address) == account.address,
            col(models.JournalCancellation.nonce) == nonce,
        )
    ).first()
    if earlier is not None:
        raise ConflictError(
            "payment_cancelled", "This payment was called off before, under another request id."
        )


def _answer(row: models.JournalCancellation) -> schemas.AuthorizationOut:
    return schemas.AuthorizationOut(
        nonce="0x" + row.nonce.hex(), v=row.v, r="0x" + row.r.hex(), s="0x" + row.s.hex()
    )
