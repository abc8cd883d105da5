"""Assembles signed bytes and checks them before anybody sees them.

Whatever a backend returned, the bytes are decoded again, every field is compared with what was
judged, and the sender is recovered: a faulty or lying signer is caught here, not on the chain.
"""

from dataclasses import dataclass
from typing import Any

from coincurve import PublicKey
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from wallet_service.errors import SignerFaultError
from wallet_service.hashing import checksummed, keccak
from wallet_service.keystore import address_of_point
from wallet_service.policy import Transaction
from wallet_service.signing.protocol import HALF_ORDER, Signature, Signer

_DYNAMIC_FEE_TYPE = 2


@dataclass(frozen=True)
class SignedTransaction:
    """Raw bytes ready to be broadcast by somebody else."""

    raw: bytes
    tx_hash: bytes


def sign_transaction(signer: Signer, transaction: Transaction) -> SignedTransaction:
    """Sign a judged transaction and prove that the bytes say exactly that.

    Raises:
        SignerFaultError: The signer failed, or its signature is not of this transaction.
    """
    fields = _fields(transaction)
    digest = bytes(TypedTransaction.from_dict(dict(fields)).hash())
    signature = checked_signature(signer, digest)
    raw = bytes(
        TypedTransaction.from_dict(
            {**fields, "v": signature.parity, "r": signature.r, "s": signature.s}
        ).encode()
    )
    _check_bytes(raw, fields, sender=signer.address)
    return SignedTransaction(raw=raw, tx_hash=keccak(raw))


def checked_signature(signer: Signer, digest: bytes) -> Signature:
    """Sign a digest and recover the signer's address from the result.

    Raises:
        SignerFaultError: The signature is malformed, has a high s, or recovers to another key.
    """
    signature = signer.sign(digest)
    if not (0 < signature.s <= HALF_ORDER and signature.r > 0 and signature.parity in {0, 1}):
        raise SignerFaultError("The signer returned a malformed signature; nothing was kept.")
    if recovered_address(signature, digest) != signer.address:
        raise SignerFaultError("The signer signed something else; nothing was kept.")
    return signature


def recovered_address(signature: Signature, digest: bytes) -> bytes | None:
    """Return the address whose key made the signature; nothing when no key can have."""
    try:
        packed = signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big")
        public = PublicKey.from_signature_and_message(
            packed + bytes([signature.parity]), digest, hasher=None
        )
    except (ValueError, OverflowError):
        return None
    return address_of_point(public.format(compressed=False))


def _fields(transaction: Transaction) -> dict[str, Any]:
    return {
        "type": _DYNAMIC_FEE_TYPE,
        "chainId": transaction.chain_id,
        "nonce": transaction.nonce,
        "to": checksummed(transaction.to),
        "data": "0x" + transaction.data.hex(),
        "gas": transaction.gas,
        "maxFeePerGas": transaction.max_fee_per_gas_wei,
        "maxPriorityFeePerGas": transaction.max_priority_fee_per_gas_wei,
        "value": transaction.value_wei,
        "accessList": (),
    }


def _check_bytes(raw: bytes, fields: dict[str, Any], *, sender: bytes) -> None:
    decoded = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    decoded["to"] = checksummed(bytes(decoded["to"]))
    decoded["data"] = "0x" + bytes(decoded["data"]).hex()
    differing = [name for name, wanted in fields.items() if decoded[name] != wanted]
    if differing:
        raise SignerFaultError(f"The signed bytes differ from the request in {differing[0]}.")
    if Account.recover_transaction(HexBytes(raw)) != checksummed(sender):
        raise SignerFaultError("The signed bytes recover to another sender.")
