"""Wire schema of the wallet service; the backend's client is written against it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from wallet_service.limits import ContractName

UINT64_MAX = 2**64 - 1
UINT48_MAX = 2**48 - 1
WEI_MAX = 2**128

HexText = Annotated[str, Field(pattern=r"^0x(?:[0-9a-fA-F]{2})*$", max_length=262_144)]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
Word = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$")]
Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
RequestId = Annotated[str, Field(min_length=1, max_length=128)]
ChainId = Annotated[int, Field(ge=1, lt=2**53)]
Base64Url = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=4096)]


class _Wire(BaseModel):
    # strict: a number in quotes or 1.0 for 1 is a mistake of the caller, never to be guessed at.
    model_config = ConfigDict(extra="forbid", strict=True)


class Health(_Wire):
    """State of an instance."""

    status: Literal["ok", "frozen"]
    instance: str
    keys: int = Field(description="number of service keys")
    journal_rows: int = Field(description="transactions, payments and cancellations signed so far")
    pin_key: str = Field(description="X25519 public key that PINs are sealed to, hex")


class KeyAddress(_Wire):
    """A service key by its label."""

    label: str
    address: str


class Keys(_Wire):
    """The service keys of an instance."""

    keys: list[KeyAddress]


class DeploymentIn(_Wire):
    """Contracts of one chain, pinned once per genesis."""

    chain_id: ChainId
    genesis_hash: Hash
    contracts: dict[Annotated[ContractName, Field(strict=False)], Address]


class DeploymentOut(_Wire):
    """The pinned contracts."""

    chain_id: int
    genesis_hash: str
    contracts: dict[str, str]


class AccountIn(_Wire):
    """Asks for an address of an account; `index` 0 is its first."""

    request_id: RequestId
    account_ref: Annotated[str, Field(min_length=1, max_length=128)]
    genesis_hash: Hash
    index: Annotated[int, Field(ge=0, le=10_000)] = 0
    sealed_salt: HexText | None = Field(
        None, description="the backend's copy, to bring back an account after a restore"
    )


class AccountOut(_Wire):
    """An address, and the sealed salt to be kept as a second copy."""

    address: str
    index: int
    sealed_salt: str


class TransactionIn(_Wire):
    """An EIP-1559 transaction to be signed by a service key."""

    request_id: RequestId
    key: Annotated[str, Field(min_length=1, max_length=32)]
    chain_id: ChainId
    genesis_hash: Hash
    nonce: Annotated[int, Field(ge=0, lt=2**53)]
    to: Address
    data: HexText
    gas: Annotated[int, Field(ge=21_000, lt=2**53)]
    max_fee_per_gas_wei: Annotated[int, Field(ge=0, lt=WEI_MAX)]
    max_priority_fee_per_gas_wei: Annotated[int, Field(ge=0, lt=WEI_MAX)]
    value_wei: Annotated[int, Field(ge=0, lt=WEI_MAX)] = 0


class TransactionOut(_Wire):
    """Signed bytes: the same for the same request, for ever."""

    raw: str
    tx_hash: str
    sender: str


class JournalEntry(_Wire):
    """What was signed for one nonce."""

    nonce: int
    max_fee_per_gas_wei: int = Field(description="highest signed so far")
    max_priority_fee_per_gas_wei: int = Field(description="highest signed so far")
    tx_hash: str = Field(description="newest signature")


class Journal(_Wire):
    """Nonces that a key has signed, ascending; the next page starts above the last one."""

    entries: list[JournalEntry]


class PINProof(_Wire):
    """The PIN, sealed to this instance for one digest (docs/wallet.md)."""

    kind: Literal["pin"]
    sealed: Base64Url


class PasskeyProof(_Wire):
    """A WebAuthn assertion whose challenge is the digest."""

    kind: Literal["passkey"]
    assertion: dict[str, Any]


Proof = Annotated[PINProof | PasskeyProof, Field(discriminator="kind")]


class AuthorizationIn(_Wire):
    """A citizen's payment to be authorised to the pinned desk."""

    request_id: RequestId
    address: Address
    chain_id: ChainId
    genesis_hash: Hash
    units: Annotated[int, Field(gt=0, le=UINT48_MAX)]
    merchant_id: Annotated[int, Field(gt=0, le=UINT64_MAX)]
    payment_ref: Word
    salt: Word
    valid_after: Annotated[int, Field(ge=0, le=UINT48_MAX)]
    valid_before: Annotated[int, Field(gt=0, le=UINT48_MAX)]
    proof: Proof | None = None


class AuthorizationOut(_Wire):
    """EIP-3009 signature of the payer, over a payment or over its cancellation."""

    nonce: str
    v: int
    r: str
    s: str


class CancellationIn(_Wire):
    """A signed payment to be made unusable before its points go back to the citizen."""

    request_id: RequestId
    address: Address
    chain_id: ChainId
    genesis_hash: Hash
    merchant_id: Annotated[int, Field(gt=0, le=UINT64_MAX)]
    payment_ref: Word
    salt: Word


class DepartureIn(_Wire):
    """A citizen's word that points leave the account for another address."""

    request_id: RequestId
    chain_id: ChainId
    genesis_hash: Hash
    target: Address
    nonce: Word
    proof: Proof


class DepartureOut(_Wire):
    """What was agreed to, and how it was proved."""

    target: str
    proof: str


class PINIn(_Wire):
    """Enrols a PIN; replacing a factor at once needs a proof with one that counts."""

    request_id: RequestId
    sealed: Base64Url
    proof: Proof | None = None


class PasskeyIn(_Wire):
    """Enrols a passkey."""

    request_id: RequestId
    credential_id: Base64Url
    public_key: Base64Url = Field(description="COSE key of the credential")
    rp_id: Annotated[str, Field(min_length=1, max_length=253)]
    proof: Proof | None = None


class FactorOut(_Wire):
    """When the factor counts from, RFC 3339 in UTC."""

    kind: str
    active_from: str


class ErasureIn(_Wire):
    """Destroys every key of an account."""

    account_ref: Annotated[str, Field(min_length=1, max_length=128)]


class ErasureOut(_Wire):
    """How many addresses lost their key."""

    erased_addresses: int
