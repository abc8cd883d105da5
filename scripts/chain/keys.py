"""Keys of minters: rotation, and a revocation signed in advance that needs nobody's key when it is sent."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from eth_account import Account
from web3 import HTTPProvider, Web3

from chain.roles import MANAGER
from chain.target import Sender, SignTransaction, contract_at

MINTER_ROLE = 2
REVOKE_GAS = 200_000
REVOKE_FEE_WEI = 500 * 10**9
"""High on purpose: the transaction is sent on a bad day, and its price is bounded by the gas."""


def signed_revocation(web3: Web3, manager: str, key: str, minter: str) -> bytes:
    """Sign the keymaster's revocation of one minter with the keymaster's next nonce.

    The keymaster's account is used for nothing else, so that the nonce stays the next one; after any other use of the
    account sign again. Whoever holds the bytes can stop the minter and do nothing else.
    """
    account = Account.from_key(key)
    function = contract_at(web3, MANAGER, manager).functions.revokeRole(MINTER_ROLE, minter)
    transaction = {
        "chainId": web3.eth.chain_id,
        "nonce": web3.eth.get_transaction_count(account.address),
        "to": manager,
        "data": function._encode_transaction_data(),
        "value": 0,
        "gas": REVOKE_GAS,
        "maxFeePerGas": REVOKE_FEE_WEI,
        "maxPriorityFeePerGas": 2 * 10**9,
    }
    return bytes(account.sign_transaction(transaction).raw_transaction)


def rotate_minter(
    web3: Web3, manager: str, keymaster: str, old: str | None, new: str, sign: SignTransaction | None = None
) -> None:
    """Grant the new minter, then revoke the old one, so that work never stops in between."""
    functions = contract_at(web3, MANAGER, manager).functions
    sender = Sender(web3, keymaster, sign)
    sender.call(functions.grantRole(MINTER_ROLE, new, 0))
    if old is not None:
        sender.call(functions.revokeRole(MINTER_ROLE, old))
    sender.wait()


def main() -> None:
    """`keys.py revocation|rotate --rpc URL --deployment FILE --key-file FILE [--old A] --minter A`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["revocation", "rotate"])
    parser.add_argument("--rpc", required=True)
    parser.add_argument("--deployment", required=True, type=Path)
    parser.add_argument("--key-file", required=True, type=Path, help="file with the keymaster's key, mode 0600")
    parser.add_argument("--minter", required=True, help="minter to revoke, or the new one to grant")
    parser.add_argument("--old", help="with rotate: the minter to revoke after the grant")
    given = parser.parse_args()
    if given.key_file.stat().st_mode & 0o077:
        sys.exit(f"{given.key_file} is readable by others: chmod 600 it.")
    web3 = Web3(HTTPProvider(given.rpc))
    manager: str = json.loads(given.deployment.read_text())["contracts"][MANAGER]
    key = given.key_file.read_text().strip()
    if given.command == "revocation":
        print(Web3.to_hex(signed_revocation(web3, manager, key, given.minter)))
        return
    account: Any = Account.from_key(key)

    def sign(transaction: dict[str, Any]) -> bytes:
        return bytes(account.sign_transaction(transaction).raw_transaction)

    rotate_minter(web3, manager, account.address, given.old, given.minter, sign)
    print(f"{given.minter} mints now")


if __name__ == "__main__":
    main()
