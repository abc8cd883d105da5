"""Signs citizens' payments: EIP-3009 authorisations to the pinned desk and nobody else."""

from datetime import datetime

from sqlmodel import Session, col, select

from wallet_service import accounts, deployments, factors, models, schemas, store
from wallet_service.eip712 import Payment, authorization_digest, authorization_nonce, payment_digest
from wallet_service.errors import ConflictError
from wallet_service.hashing import address_bytes, hex_bytes, word
from wallet_service.limits import ContractName
from wallet_service.policy import Grant, judge_payment, payment_scopes
from wallet_service.signing.protocol import Signature
from wallet_service.signing.transactions import checked_signature
from wallet_service.wallet import Envelope, Wallet, perform_once, refuse_when_frozen

NO_PROOF = "none"
V_BASE = 27
"""`v` of a message signature. Source: Ethereum yellow paper, appendix F."""


def authorize(wallet: Wallet, body: schemas.AuthorizationIn) -> schemas.AuthorizationOut:
    """Judge and sign one payment of a citizen to a merchant.

    Raises:
        UnknownError: No such account here.
        PolicyDeniedError: The payment breaks the policy, or needs a proof that is missing or wrong.
        LimitReachedError: The merchant's or the global ceiling of the day is reached.
        ConflictError: The payment reference was signed before, or nothing is pinned.
    Effects: one `journal_payment`, the day's counters, the factor used, the request log.
    """

    def first(session: Session, now: datetime) -> schemas.AuthorizationOut:
        return _authorize_first(wallet, session, body, now)

    def again(session: Session) -> schemas.AuthorizationOut:
        row = session.exec(
            select(models.JournalPayment).where(
                col(models.JournalPayment.request_id) == body.request_id
            )
        ).one()
        return _answer(row)

    return perform_once(
        wallet,
        Envelope.of("authorization", body),
        first=first,
        again=again,
        on_refusal=factors.count_failure,
    )


def _authorize_first(
    wallet: Wallet, session: Session, body: schemas.AuthorizationIn, now: datetime
) -> schemas.AuthorizationOut:
    refuse_when_frozen(session)
    account = accounts.known(session, body.address)
    if account.genesis_hash != body.genesis_hash:
        raise ConflictError("genesis_differs", "This account belongs to another chain.")
    _refuse_signed(session, body)
    payment = _payment(session, body)
    _refuse_cancelled(session, body, authorization_nonce(payment))
    proof = NO_PROOF
    if body.proof is not None:
        claim = factors.Claim(account.address, payment_digest(payment), body.proof)
        proof = factors.verify(wallet, session, claim, now)
    grant = _judge(wallet, session, body, account, is_proved=proof != NO_PROOF, now=now)
    signature = checked_signature(
        accounts.signer_of(wallet, account), authorization_digest(payment)
    )
    row = _row(body, account, payment, signature, proof, now)
    session.add(row)
    store.apply_charges(session, grant.charges, now)
    return _answer(row)


def _judge(
    wallet: Wallet,
    session: Session,
    body: schemas.AuthorizationIn,
    account: models.Account,
    *,
    is_proved: bool,
    now: datetime,
) -> Grant:
    scopes = payment_scopes(account.address, body.merchant_id)
    return judge_payment(
        wallet.policy,
        chain_id=body.chain_id,
        account=account.address,
        merchant_id=body.merchant_id,
        units=body.units,
        remaining_validity_s=body.valid_before - int(now.timestamp()),
        is_proved=is_proved,
        used=store.used_today(session, scopes, now),
    )


def _payment(session: Session, body: schemas.AuthorizationIn) -> Payment:
    contracts = deployments.pinned(session, chain_id=body.chain_id, genesis_hash=body.genesis_hash)
    return Payment(
        chain_id=body.chain_id,
        token=contracts[ContractName.ECO_TOKEN],
        desk=contracts[ContractName.REDEMPTION_DESK],
        payer=address_bytes(body.address),
        units=body.units,
        merchant_id=body.merchant_id,
        payment_ref=hex_bytes(body.payment_ref),
        salt=hex_bytes(body.salt),
        valid_after=body.valid_after,
        valid_before=body.valid_before,
    )


def _refuse_signed(session: Session, body: schemas.AuthorizationIn) -> None:
    # Another salt would make another nonce, and the same payment could be taken twice.
    earlier = session.exec(
        select(models.JournalPayment.id).where(
            col(models.JournalPayment.genesis_hash) == body.genesis_hash,
            col(models.JournalPayment.merchant_id) == str(body.merchant_id),
            col(models.JournalPayment.payment_ref) == hex_bytes(body.payment_ref),
        )
    ).first()
    if earlier is not None:
        raise ConflictError(
            "payment_signed", "This payment reference was signed before, under another request id."
        )


def _refuse_cancelled(session: Session, body: schemas.AuthorizationIn, nonce: bytes) -> None:
    # After a restore the journal may have lost the payment and kept, or got again, its end.
    cancelled = session.exec(
        select(models.JournalCancellation.id).where(
            col(models.JournalCancellation.genesis_hash) == body.genesis_hash,
            col(models.JournalCancellation.nonce) == nonce,
        )
    ).first()
    if cancelled is not None:
        raise ConflictError("payment_cancelled", "This payment was called off for good.")


def _row(
    body: schemas.AuthorizationIn,
    account: models.Account,
    payment: Payment,
    signature: Signature,
    proof: str,
    now: datetime,
) -> models.JournalPayment:
    return models.JournalPayment(
        request_id=body.request_id,
        address=account.address,
        genesis_hash=body.genesis_hash,
        merchant_id=str(body.merchant_id),
        payment_ref=payment.payment_ref,
        units=body.units,
        proof=proof,
        nonce=authorization_nonce(payment),
        v=V_BASE + signature.parity,
        r=word(signature.r),
        s=word(signature.s),
        signed_at=now,
    )


def _answer(row: models.JournalPayment) -> schemas.AuthorizationOut:
    return schemas.AuthorizationOut(
        nonce="0x" + row.nonce.hex(), v=row.v, r="0x" + row.r.hex(), s="0x" + row.s.hex()
    )
