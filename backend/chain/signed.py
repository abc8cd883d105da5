"""Read signed bytes back: what they would do, and whose signature they carry.

Layout of a type-2 transaction: EIP-1559, `0x02 ‖ rlp([chain_id, nonce, tip, fee, gas, to,
value, data, access_list, y_parity, r, s])`; the signature covers the first nine fields.
"""

from dataclasses import dataclass

import rlp
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from backend.chain.errors import SignedBytesUnreadableError

TYPE_2 = b"\x02"
FIELDS = 12
SIGNED_FIELDS = 9


@dataclass(frozen=True)
class SignedFields:
    """What signed bytes say; compared with what was asked for before they are stored."""

    tx_hash: str
    sender: str
    chain_id: int
    nonce: int
    to_address: str
    data: str
    value_wei: int
    gas: int
    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int


def read(raw: str) -> SignedFields:
    """Decode 0x-hex signed bytes and recover their sender.

    Raises:
        SignedBytesUnreadableError: They are no signed type-2 transaction.
    """
    try:
        found = bytes.fromhex(raw.removeprefix("0x"))
        fields = rlp.decode(found[1:])
        if found[:1] != TYPE_2 or len(fields) != FIELDS:
            raise SignedBytesUnreadableError
        digest = keccak(TYPE_2 + rlp.encode(fields[:SIGNED_FIELDS]))
        signature = Signature(vrs=(_int(fields[9]), _int(fields[10]), _int(fields[11])))
        sender = signature.recover_public_key_from_msg_hash(digest).to_checksum_address()
        return SignedFields(
            tx_hash="0x" + keccak(found).hex(),
            sender=sender,
            chain_id=_int(fields[0]),
            nonce=_int(fields[1]),
            max_priority_fee_per_gas_wei=_int(fields[2]),
            max_fee_per_gas_wei=_int(fields[3]),
            gas=_int(fields[4]),
            to_address=to_checksum_address(fields[5]),
            value_wei=_int(fields[6]),
            data="0x" + fields[7].hex(),
        )
    except (ValueError, TypeError, rlp.RLPException, BadSignature, ValidationError) as error:
        raise SignedBytesUnreadableError from error


def _int(value: bytes) -> int:
    return int.from_bytes(value, "big")
