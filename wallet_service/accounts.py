"""Custodial accounts: addresses of citizens and merchants, and their erasure."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from wallet_service import models, schemas
from wallet_service.errors import (
    ConflictError,
    InvalidRequestError,
    PolicyDeniedError,
    SignerFaultError,
    UnknownError,
)
from wallet_service.hashing import address_bytes, checksummed, hex_bytes
from wallet_service.keystore import KeystoreCorruptError, address_of_secret
from wallet_service.signing.local import LocalSigner
from wallet_service.wallet import Envelope, Wallet, perform, perform_once


def create(wallet: Wallet, body: schemas.AccountIn) -> schemas.AccountOut:
    """Give an account its address number `index`, made at the first request for it.

    Raises:
        PolicyDeniedError: This instance keeps no accounts.
        ConflictError: The account was erased, or an earlier index does not exist yet.
        InvalidRequestError: The copied salt is not one of this store for this account.
    """

    def first(session: Session, now: datetime) -> schemas.AccountOut:
        return _answer(_get_or_make(wallet, session, body, now))

    def again(session: Session) -> schemas.AccountOut:
        _refuse_erased(wallet, session, body.account_ref)
        return _answer(session.exec(_query(body)).one())

    return perform_once(wallet, Envelope.of("account", body), first=first, again=again)


def erase(wallet: Wallet, body: schemas.ErasureIn) -> schemas.ErasureOut:
    """Destroy the salts of an account, and with them its keys; repeating it is harmless.

    Effects: deletes its `account` and `factor` rows, leaves a tombstone only this store can read.
    """

    def action(session: Session, now: datetime) -> schemas.ErasureOut:
        rows = session.exec(
            select(models.Account).where(col(models.Account.account_ref) == body.account_ref)
        ).all()
        addresses = [row.address for row in rows]
        session.execute(delete(models.Factor).where(col(models.Factor.address).in_(addresses)))
        session.execute(delete(models.Account).where(col(models.Account.address).in_(addresses)))
        tombstone = wallet.vault.tombstone(body.account_ref)
        if session.get(models.ErasedAccount, tombstone) is None:
            session.add(models.ErasedAccount(tombstone=tombstone, erased_at=now))
        return schemas.ErasureOut(erased_addresses=len(addresses))

    answer = perform(wallet, Envelope.of("erasure", body), action)
    wallet.store.forget_deleted_pages()
    return answer


def known(session: Session, address: str) -> models.Account:
    """Return the account of an address.

    Raises:
        UnknownError: Never made here, or erased.
    """
    row = session.get(models.Account, checksummed(address_bytes(address)))
    if row is None:
        raise UnknownError("account", address)
    return row


def signer_of(wallet: Wallet, account: models.Account) -> LocalSigner:
    """Derive the key of an account for one signature.

    Raises:
        SignerFaultError: The salt does not open, or opens to another address.
    """
    try:
        secret = wallet.vault.account_secret(account.sealed_salt, place=_place(account))
    except KeystoreCorruptError as error:
        raise SignerFaultError(f"The key of {account.address} cannot be opened.") from error
    signer = LocalSigner(secret)
    if checksummed(signer.address) != account.address:
        raise SignerFaultError(f"The key of {account.address} opens to another address.")
    return signer


def _get_or_make(
    wallet: Wallet, session: Session, body: schemas.AccountIn, now: datetime
) -> models.Account:
    if wallet.policy.spend is None:
        raise PolicyDeniedError("accounts_denied", "This instance keeps no accounts.")
    _refuse_erased(wallet, session, body.account_ref)
    found = session.exec(_query(body)).one_or_none()
    if found is not None:
        return found
    _check_index(session, body)
    row = models.Account(
        address="",
        account_ref=body.account_ref,
        genesis_hash=body.genesis_hash,
        index=body.index,
        sealed_salt=b"",
        created_at=now,
    )
    place = _place(row)
    copied = body.sealed_salt
    row.sealed_salt = wallet.vault.new_salt(place=place) if copied is None else hex_bytes(copied)
    try:
        secret = wallet.vault.account_secret(row.sealed_salt, place=place)
    except KeystoreCorruptError as error:
        raise InvalidRequestError(
            "salt_foreign", "The copied salt was not sealed by this store for this account."
        ) from error
    row.address = checksummed(address_of_secret(secret))
    session.add(row)
    return row


def _query(body: schemas.AccountIn) -> SelectOfScalar[models.Account]:
    return select(models.Account).where(
        col(models.Account.account_ref) == body.account_ref,
        col(models.Account.genesis_hash) == body.genesis_hash,
        col(models.Account.index) == body.index,
    )


def _check_index(session: Session, body: schemas.AccountIn) -> None:
    count = session.exec(
        select(func.count())
        .select_from(models.Account)
        .where(
            col(models.Account.account_ref) == body.account_ref,
            col(models.Account.genesis_hash) == body.genesis_hash,
        )
    ).one()
    # A copied salt may come back in any order after a restore.
    if body.index > count and body.sealed_salt is None:
        raise ConflictError("index_gap", f"The next address of this account has index {count}.")


def _refuse_erased(wallet: Wallet, session: Session, account_ref: str) -> None:
    if session.get(models.ErasedAccount, wallet.vault.tombstone(account_ref)) is not None:
        raise ConflictError("account_erased", "This account was erased; make a new reference.")


def _place(row: models.Account) -> str:
    return f"account/{row.genesis_hash}/{row.index}/{row.account_ref}"


def _answer(row: models.Account) -> schemas.AccountOut:
    return schemas.AccountOut(
        address=row.address, index=row.index, sealed_salt="0x" + row.sealed_salt.hex()
    )
