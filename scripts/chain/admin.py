"""Acts of the admin on a running deployment: a new issuer, a new admin in two steps, and the end of a pause.

`.venv-contracts/bin/python -m chain.admin …` with PYTHONPATH=scripts. Without `--key-file` the node's own first account
signs, which only a development node allows.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_utils import to_checksum_address
from web3 import HTTPProvider, Web3

from chain import check, roles, wiring
from chain.roles import MANAGER
from chain.target import Sender, contract_at

ADMIN_ROLE = 0


def migrate_issuer(sender: Sender, manifest: roles.Manifest, deployment: dict[str, Any]) -> dict[str, Any]:
    """Replace the issuer and return the new deployment, proved; ids consumed under the old issuer stay consumed.

    Raises:
        roles.ManifestError: The chain differs from the manifest afterwards.
    """
    address = wiring.replace_issuer(sender, manifest, deployment["contracts"])
    sender.wait()
    changed = deployment | {"contracts": deployment["contracts"] | {"RewardIssuer": address}}
    found = check.differences(sender.web3, manifest, changed)
    if found:
        raise roles.ManifestError(str(found))
    return changed


def propose_admin(sender: Sender, manager: Any, new: str, delay_seconds: int) -> None:
    """First step of a hand-over: the new admin gets the role beside the old one."""
    sender.call(manager.functions.grantRole(ADMIN_ROLE, new, delay_seconds))
    sender.wait()


def accept_admin(sender: Sender, manager: Any, old: str) -> None:
    """Second step, sent by the new admin: that it can revoke the old one proves that it holds the role and its key."""
    sender.call(manager.functions.revokeRole(ADMIN_ROLE, old))
    sender.wait()


def main() -> None:
    """Run one act; prints what was done, exits 1 with a sentence when it was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    acts = ["migrate-issuer", "propose-admin", "accept-admin", "unpause-mint", "unpause-spend"]
    parser.add_argument("act", choices=acts)
    parser.add_argument("--rpc", required=True)
    parser.add_argument("--deployment", required=True, type=Path)
    parser.add_argument("--key-file", type=Path)
    parser.add_argument("--account", help="new admin with propose-admin, old one with accept-admin")
    parser.add_argument("--delay-seconds", type=int, default=0)
    given = parser.parse_args()
    deployment: dict[str, Any] = json.loads(given.deployment.read_text())
    web3 = Web3(HTTPProvider(given.rpc))
    sender = _sender(web3, given.key_file)
    manager = contract_at(web3, MANAGER, deployment["contracts"][MANAGER])
    token = contract_at(web3, "EcoToken", deployment["contracts"]["EcoToken"]).functions
    if given.act == "migrate-issuer":
        manifest = roles.load(roles.FOLDER / f"{deployment['manifest']['name']}.json")
        given.deployment.write_text(json.dumps(migrate_issuer(sender, manifest, deployment), indent=2) + "\n")
    elif given.act in ("propose-admin", "accept-admin"):
        if given.account is None:
            sys.exit("--account is needed")
        account = to_checksum_address(given.account)
        if given.act == "propose-admin":
            propose_admin(sender, manager, account, given.delay_seconds)
        else:
            accept_admin(sender, manager, account)
    else:
        sender.call(token.unpauseMint() if given.act == "unpause-mint" else token.unpauseSpend())
        sender.wait()
    print(f"{given.act}: done")


def _sender(web3: Web3, key_file: Path | None) -> Sender:
    if key_file is None:
        return Sender(web3, web3.eth.accounts[0])
    if key_file.stat().st_mode & 0o077:
        sys.exit(f"{key_file} is readable by others: chmod 600 it.")
    account = Account.from_key(key_file.read_text().strip())
    return Sender(web3, account.address, lambda tx: bytes(account.sign_transaction(tx).raw_transaction))


if __name__ == "__main__":
    main()
