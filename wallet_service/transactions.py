"""Signs transactions of service keys, once per nonce."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlmodel import Session, col, select

from wallet_service import departures, deployments, models, schemas, store
from wallet_service.errors import PolicyDeniedError, UnknownError
from wallet_service.hashing import address_bytes, checksummed, hex_bytes
from wallet_service.policy import Grant, Signed, Transaction, check_charges, judge_transaction
from wallet_service.signing.protocol import Signer
from wallet_service.signing.transactions import SignedTransaction, sign_transaction
from wallet_service.wallet import Envelope, Wallet, perform_once, refuse_when_frozen

JOURNAL_PAGE = 1_000
"""Nonces in one answer of the journal."""


def sign(wallet: Wallet, body: schemas.TransactionIn) -> schemas.TransactionOut:
    """Judge, sign, check and journal one transaction; nothing is broadcast.

    Returns:
        The signed bytes; the same for the same request id, for ever.
    Raises:
        UnknownError: No such key here.
        PolicyDeniedError: No rule allows it.
        ConflictError: The nonce, the request id or the deployment is taken by something else.
        LimitReachedError: A daily ceiling is reached.
        SignerFaultError: The signer failed or lied; nothing was kept.
    Effects: one `journal_signature`, its `journal_nonce`, the day's counters, the request log.
    """

    def first(session: Session, now: datetime) -> schemas.TransactionOut:
        return _sign_first(wallet, session, body, now)

    def again(session: Session) -> schemas.TransactionOut:
        row = session.exec(
            select(models.JournalSignature).where(
                col(models.JournalSignature.request_id) == body.request_id
            )
        ).one()
        return _answer(row)

    return perform_once(wallet, Envelope.of("transaction", body), first=first, again=again)


def journal(wallet: Wallet, *, key: str, genesis_hash: str, from_nonce: int) -> schemas.Journal:
    """List what a key has signed, so that a restored backend can burn nonces it forgot.

    Returns:
        At most `JOURNAL_PAGE` nonces from `from_nonce` on, ascending.
    Raises:
        UnknownError: No such key here.
    """
    signer = wallet.signers.get(key)
    if signer is None:
        raise UnknownError("key", key)
    with wallet.store.transaction() as session:
        rows = store.signed_from(
            session,
            key_address=checksummed(signer.address),
            genesis_hash=genesis_hash,
            from_nonce=from_nonce,
            nonces_max=JOURNAL_PAGE,
        )
    slots = [list(slot) for _nonce, slot in groupby(rows, key=lambda row: row.nonce)]
    return schemas.Journal(entries=[_entry(slot) for slot in slots])


def _entry(slot: Sequence[models.JournalSignature]) -> schemas.JournalEntry:
    return schemas.JournalEntry(
        nonce=slot[0].nonce,
        # A filler may be cheaper than what it replaces; a node wants more than the dearest.
        max_fee_per_gas_wei=max(int(row.max_fee_per_gas_wei) for row in slot),
        max_priority_fee_per_gas_wei=max(int(row.max_priority_fee_per_gas_wei) for row in slot),
        tx_hash=slot[-1].tx_hash,
    )


def _sign_first(
    wallet: Wallet, session: Session, body: schemas.TransactionIn, now: datetime
) -> schemas.TransactionOut:
    refuse_when_frozen(session)
    signer = wallet.signers.get(body.key)
    if signer is None:
        raise UnknownError("key", body.key)
    contracts = deployments.pinned(session, chain_id=body.chain_id, genesis_hash=body.genesis_hash)
    transaction = _transaction(body, signer)
    history = store.slot_history(
        session,
        key_address=checksummed(signer.address),
        genesis_hash=body.genesis_hash,
        nonce=body.nonce,
    )
    grant = judge_transaction(wallet.policy, transaction, contracts, _signed(history))
    _refuse_foreign(session, body.genesis_hash, grant.parties)
    departures.refuse_unagreed(session, body.genesis_hash, grant.leaves)
    used = store.used_today(session, [charge.scope for charge in grant.charges], now)
    check_charges(grant.charges, used)
    signed = sign_transaction(signer, transaction)
    row = _row(body, transaction, grant, signed, now)
    if not history:
        session.add(
            models.JournalNonce(
                key_address=row.key_address,
                genesis_hash=row.genesis_hash,
                nonce=row.nonce,
                opened_at=now,
            )
        )
    session.add(row)
    store.apply_charges(session, grant.charges, now)
    return _answer(row)


def _refuse_foreign(session: Session, genesis_hash: str, parties: Sequence[bytes]) -> None:
    """Let a recovery leave or reach an account of this store only.

    A runner gone wrong could otherwise move points between addresses that are none of ours.
    """
    if not parties:
        return
    ours = session.exec(
        select(models.Account.address).where(
            col(models.Account.genesis_hash) == genesis_hash,
            col(models.Account.address).in_([checksummed(party) for party in parties]),
        )
    ).first()
    if ours is None:
        raise PolicyDeniedError(
            "recovery_foreign", "Neither side of this recovery is an account of this store."
        )


def _transaction(body: schemas.TransactionIn, signer: Signer) -> Transaction:
    return Transaction(
        key=body.key,
        sender=signer.address,
        chain_id=body.chain_id,
        nonce=body.nonce,
        to=address_bytes(body.to),
        data=hex_bytes(body.data),
        gas=body.gas,
        max_fee_per_gas_wei=body.max_fee_per_gas_wei,
        max_priority_fee_per_gas_wei=body.max_priority_fee_per_gas_wei,
        value_wei=body.value_wei,
    )


def _signed(history: Sequence[models.JournalSignature]) -> list[Signed]:
    return [
        Signed(
            to=address_bytes(row.to),
            data=row.calldata,
            is_filler=row.is_filler,
            max_fee_per_gas_wei=int(row.max_fee_per_gas_wei),
            max_priority_fee_per_gas_wei=int(row.max_priority_fee_per_gas_wei),
            worst_fee_gwei=row.worst_fee_gwei,
        )
        for row in history
    ]


def _row(
    body: schemas.TransactionIn,
    transaction: Transaction,
    grant: Grant,
    signed: SignedTransaction,
    now: datetime,
) -> models.JournalSignature:
    return models.JournalSignature(
        request_id=body.request_id,
        key_address=checksummed(transaction.sender),
        genesis_hash=body.genesis_hash,
        nonce=transaction.nonce,
        to=checksummed(transaction.to),
        calldata=transaction.data,
        is_filler=transaction.is_filler,
        max_fee_per_gas_wei=str(transaction.max_fee_per_gas_wei),
        max_priority_fee_per_gas_wei=str(transaction.max_priority_fee_per_gas_wei),
        worst_fee_gwei=transaction.worst_fee_gwei,
        units=grant.units,
        raw=signed.raw,
        tx_hash="0x" + signed.tx_hash.hex(),
        signed_at=now,
    )


def _answer(row: models.JournalSignature) -> schemas.TransactionOut:
    return schemas.TransactionOut(
        raw="0x" + row.raw.hex(), tx_hash=row.tx_hash, sender=row.key_address
    )
