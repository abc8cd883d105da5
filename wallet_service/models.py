"""Tables of the wallet store. Signatures and the journal are append-only (triggers in `store`)."""

from datetime import datetime

from sqlalchemy import Index, MetaData, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

METADATA = MetaData()
"""Tables of this process only; the backend's models live in another metadata."""


class WalletModel(SQLModel, registry=registry(metadata=METADATA)):
    """Base of every table of the wallet store."""

    metadata = METADATA


class Meta(WalletModel, table=True):
    """Facts about the store itself."""

    name: str = Field(primary_key=True, description="instance, schema, root or frozen")
    content: bytes = Field(description="its value; the root is sealed under the KEK")


class ServiceKey(WalletModel, table=True):
    """A key of the service, made once by `init`."""

    __tablename__ = "service_key"

    label: str = Field(primary_key=True, description="role word, for example minter")
    address: str = Field(unique=True, description="checksummed address")
    sealed_secret: bytes | None = Field(
        default=None, description="private key sealed under the KEK; absent when an HSM holds it"
    )


class Deployment(WalletModel, table=True):
    """Contract addresses pinned for one genesis."""

    genesis_hash: str = Field(primary_key=True, description="hash of block 0, lower-case hex")
    chain_id: int = Field(description="chain id")
    contracts: str = Field(description="canonical JSON: contract name to checksummed address")
    pinned_at: datetime = Field(description="UTC")


class Account(WalletModel, table=True):
    """One custodial address of a citizen."""

    __table_args__ = (UniqueConstraint("account_ref", "genesis_hash", "index"),)

    address: str = Field(primary_key=True, description="checksummed address")
    account_ref: str = Field(description="opaque reference that the backend chose")
    genesis_hash: str = Field(description="chain that the address is for")
    index: int = Field(description="0 for the first address of the account, then 1, 2, …")
    sealed_salt: bytes = Field(description="salt sealed for this place; its loss is the key's loss")
    created_at: datetime = Field(description="UTC")


class ErasedAccount(WalletModel, table=True):
    """Marks that an account was erased, without saying which to anybody else."""

    __tablename__ = "erased_account"

    tombstone: bytes = Field(primary_key=True, description="keyed hash of the account reference")
    erased_at: datetime = Field(description="UTC")


class Factor(WalletModel, table=True):
    """What a citizen proves a payment with: a PIN or a passkey."""

    id: int | None = Field(default=None, primary_key=True)
    address: str = Field(index=True, description="account address")
    kind: str = Field(description="pin or passkey")
    verifier: bytes = Field(description="Argon2id hash, or COSE key; sealed under the root")
    credential_id: bytes = Field(default=b"", description="passkey credential id")
    rp_id: str = Field(default="", description="passkey relying party")
    sign_count: int = Field(default=0, description="passkey counter last seen")
    failures: int = Field(default=0, description="wrong PINs in a row")
    locked_until: datetime | None = Field(default=None, description="UTC end of the PIN lock")
    active_from: datetime = Field(description="UTC instant from which it counts")


class Request(WalletModel, table=True):
    """A request that was granted; the same id must carry the same body for ever."""

    request_id: str = Field(primary_key=True, description="made by the caller")
    route: str = Field(description="what was asked for")
    body_hash: bytes = Field(description="SHA-256 of the canonical body")
    granted_at: datetime = Field(description="UTC")


class RequestLog(WalletModel, table=True):
    """Every request, written before it is answered."""

    __tablename__ = "request_log"

    id: int | None = Field(default=None, primary_key=True)
    request_id: str = Field(description="made by the caller; empty for a request that needs none")
    route: str = Field(description="what was asked for")
    body_hash: bytes = Field(description="SHA-256 of the canonical body")
    decision: str = Field(description="granted, repeated, or the code of the refusal")
    logged_at: datetime = Field(description="UTC")


class JournalNonce(WalletModel, table=True):
    """The first signature of a nonce fixes what that nonce may ever be used for."""

    __tablename__ = "journal_nonce"

    key_address: str = Field(primary_key=True, description="checksummed address of the key")
    genesis_hash: str = Field(primary_key=True, description="chain, named by its genesis")
    nonce: int = Field(primary_key=True, description="nonce of the key on that chain")
    opened_at: datetime = Field(description="UTC")


class JournalSignature(WalletModel, table=True):
    """Each signed transaction, byte for byte."""

    __tablename__ = "journal_signature"
    __table_args__ = (Index("ix_journal_signature_slot", "key_address", "genesis_hash", "nonce"),)

    id: int | None = Field(default=None, primary_key=True)
    request_id: str = Field(unique=True, description="request that it answers")
    key_address: str = Field(description="checksummed address of the key")
    genesis_hash: str = Field(description="chain, named by its genesis")
    nonce: int = Field(description="nonce of the key on that chain")
    to: str = Field(description="checksummed address")
    calldata: bytes = Field(description="calldata as signed")
    is_filler: bool = Field(description="whether it only consumes its nonce")
    max_fee_per_gas_wei: str = Field(description="decimal: wei may exceed 64 bits")
    max_priority_fee_per_gas_wei: str = Field(description="decimal: wei may exceed 64 bits")
    worst_fee_gwei: int = Field(description="gas × fee ceiling, rounded up")
    units: int = Field(description="units that the calldata moves")
    raw: bytes = Field(description="signed bytes")
    tx_hash: str = Field(description="hash of the signed bytes")
    signed_at: datetime = Field(description="UTC")


class JournalDeparture(WalletModel, table=True):
    """A citizen agreed that points leave the account for another address."""

    __tablename__ = "journal_departure"
    __table_args__ = (Index("ix_journal_departure_pair", "genesis_hash", "address", "target"),)

    id: int | None = Field(default=None, primary_key=True)
    request_id: str = Field(unique=True, description="request that it answers")
    address: str = Field(description="checksummed address of the account")
    genesis_hash: str = Field(description="chain, named by its genesis")
    target: str = Field(description="checksummed address that receives")
    nonce: bytes = Field(description="of the move, part of what was proved")
    proof: str = Field(description="pin or passkey")
    agreed_at: datetime = Field(description="UTC")


class JournalPayment(WalletModel, table=True):
    """Each signed payment authorisation: one per payment reference, for ever."""

    __tablename__ = "journal_payment"
    __table_args__ = (UniqueConstraint("genesis_hash", "merchant_id", "payment_ref"),)

    id: int | None = Field(default=None, primary_key=True)
    request_id: str = Field(unique=True, description="request that it answers")
    address: str = Field(description="account that pays")
    genesis_hash: str = Field(description="chain, named by its genesis")
    merchant_id: str = Field(description="decimal: an unsigned 64-bit pseudonym")
    payment_ref: bytes = Field(description="32 bytes")
    units: int = Field(description="amount")
    proof: str = Field(description="none, pin or passkey")
    nonce: bytes = Field(description="EIP-3009 nonce, 32 bytes")
    v: int = Field(description="27 or 28")
    r: bytes = Field(description="32 bytes")
    s: bytes = Field(description="32 bytes")
    signed_at: datetime = Field(description="UTC")


class JournalCancellation(WalletModel, table=True):
    """Each payment that its payer's key has called off; its nonce is never signed for again."""

    __tablename__ = "journal_cancellation"
    __table_args__ = (UniqueConstraint("genesis_hash", "address", "nonce"),)

    id: int | None = Field(default=None, primary_key=True)
    request_id: str = Field(unique=True, description="request that it answers")
    address: str = Field(description="account that had signed the payment")
    genesis_hash: str = Field(description="chain, named by its genesis")
    nonce: bytes = Field(description="EIP-3009 nonce that becomes unusable, 32 bytes")
    v: int = Field(description="27 or 28")
    r: bytes = Field(description="32 bytes")
    s: bytes = Field(description="32 bytes")
    signed_at: datetime = Field(description="UTC")


class DayCounter(WalletModel, table=True):
    """What a scope used on one UTC day."""

    __tablename__ = "day_counter"

    scope: str = Field(primary_key=True, description="name of the ceiling, see policy")
    day: str = Field(primary_key=True, description="UTC day, YYYY-MM-DD")
    used: int = Field(description="units, calls or gwei, as the scope says")
