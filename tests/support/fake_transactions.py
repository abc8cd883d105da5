"""How the chain in memory reads signed bytes: with the library that made them."""

from functools import lru_cache
from typing import Any

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes
from web3 import Web3


@lru_cache(maxsize=1024)
def signed(raw: str) -> tuple[dict[str, Any], str]:
    """Read signed bytes as a node does, with the library that made them."""
    found = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    fields = {
        "sender": Account.recover_transaction(raw),
        "nonce": found["nonce"],
        "to": Web3.to_checksum_address(found["to"]),
        "data": HexBytes(found["data"]).to_0x_hex(),
        "max_fee_per_gas_wei": found["maxFeePerGas"],
    }
    return fields, Web3.keccak(HexBytes(raw)).to_0x_hex()
