"""EIP-712 typed data: what a wallet signs, hashed and recovered without trusting who sent it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from eth_keys.constants import SECPK1_N
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

V_BASE = 27
SIGNATURE_BYTES = 65


class VRS(NamedTuple):
    """A signature as the token reads it: v is 27 or 28, s is in the lower half; r, s 0x-hex."""

    v: int
    r: str
    s: str


def digest(typed: Mapping[str, Any]) -> bytes:
    """Return the 32 bytes that a wallet signs for typed data of flat structs.

    Source: EIP-712, `keccak(0x1901 ‖ domainSeparator ‖ hashStruct(message))`.
    """
    types, primary = typed["types"], typed["primaryType"]
    domain = _struct_hash(types, "EIP712Domain", typed["domain"])
    return keccak(b"\x19\x01" + domain + _struct_hash(types, primary, typed["message"]))


def normalised(signature: str) -> VRS | None:
    """Read 65 bytes r ‖ s ‖ v; `None` when they are no signature.

    Wallets differ in v (0 and 1, or 27 and 28), and some give the upper s, which the token
    refuses although it means the same.
    """
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        return None
    if len(raw) != SIGNATURE_BYTES:
        return None
    r, s, v = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"), raw[64]
    parity = v - V_BASE if v >= V_BASE else v
    if parity not in (0, 1) or not (0 < r < SECPK1_N and 0 < s < SECPK1_N):
        return None
    if s > SECPK1_N // 2:
        s, parity = SECPK1_N - s, 1 - parity
    return VRS(V_BASE + parity, f"0x{r:064x}", f"0x{s:064x}")


def recovered(typed: Mapping[str, Any], signature: str) -> tuple[str, VRS] | None:
    """Return whose signature over typed data this is, with its parts; `None` when of nobody."""
    parts = normalised(signature)
    if parts is None:
        return None
    try:
        found = Signature(vrs=(parts.v - V_BASE, int(parts.r, 16), int(parts.s, 16)))
        key = found.recover_public_key_from_msg_hash(digest(typed))
    except (BadSignature, ValidationError):
        return None
    return to_checksum_address(key.to_address()), parts


def _struct_hash(
    types: Mapping[str, Sequence[Mapping[str, str]]], name: str, values: Mapping[str, Any]
) -> bytes:
    fields = types[name]
    inner = ",".join(f"{field['type']} {field['name']}" for field in fields)
    declared = f"{name}({inner})"
    words = b"".join(_word(field["type"], values[field["name"]]) for field in fields)
    return keccak(keccak(declared.encode()) + words)


def _word(kind: str, value: Any) -> bytes:
    match kind:
        case "string":
            return keccak(str(value).encode())
        case "address":
            return bytes.fromhex(str(value).removeprefix("0x")).rjust(32, b"\0")
        case "bytes32":
            return bytes.fromhex(str(value).removeprefix("0x"))
        case _:
            return int(value).to_bytes(32, "big")
