"""Deploys the contracts to a running node, writes deployments/<chain-id>.json and proves that chain = manifest.

Run by deploy.sh; its settings are environment variables because Brownie passes no options on.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from brownie import accounts as brownie_accounts
from brownie import web3

from chain import check, roles, wiring
from chain.target import Sender

GAS_MONEY_WEI = 100 * 10**18


def main() -> None:
    """Deploy, or check what was deployed to this very chain before. Exits 1 on any difference."""
    manifest = roles.load(roles.FOLDER / f"{os.environ.get('CALANQUE_MANIFEST', 'local')}.json")
    out = Path(os.environ["CALANQUE_OUT"]) / f"{web3.eth.chain_id}.json"
    deployment = _known_deployment(out)
    if deployment is None:
        deployment = _deploy(manifest)
        print(f"deployed at block {deployment['block']}")
    else:
        print(f"already deployed: {out}")
    found = check.differences(web3, manifest, deployment)
    for sentence in found:
        print(f"difference: {sentence}", file=sys.stderr)
    if found:
        sys.exit(1)
    # Written last: a file means a deployment that was proved.
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(deployment, indent=2) + "\n")
    partial.replace(out)
    Path(os.environ["CALANQUE_STAMP"]).write_text("proved")
    print(f"checked: the chain equals manifest {manifest.name}; written {out}")


def _known_deployment(out: Path) -> dict[str, Any] | None:
    if not out.exists():
        return None
    known: dict[str, Any] = json.loads(out.read_text())
    genesis = web3.to_hex(web3.eth.get_block(0)["hash"])
    is_there = bool(web3.eth.get_code(known["contracts"]["EcoToken"]))
    # A wiped development chain may have the same genesis: its contracts are gone, so deploy again.
    return known if known["genesis_hash"] == genesis and is_there else None


def _deploy(manifest: roles.Manifest) -> dict[str, Any]:
    given = json.loads(Path(os.environ["CALANQUE_ACCOUNTS"]).read_text())
    sender = _sender(manifest)
    people = wiring.resolve(manifest, given, web3, sender.address)
    contracts = wiring.deploy(sender, manifest)
    wiring.initialise(sender, manifest, contracts | people, _first_edition())
    wiring.assign(sender, manifest, contracts, people)
    if manifest.is_local:
        for address in sorted(set(given.values())):
            sender.pay(address, GAS_MONEY_WEI)
    block = sender.wait()
    return {
        "chain_id": web3.eth.chain_id,
        "genesis_hash": web3.to_hex(web3.eth.get_block(0)["hash"]),
        "block": block,
        "contracts": contracts,
        "accounts": people,
        "rulebook": {
            "notice_seconds": manifest.settings["notice_seconds"],
            "grace_seconds": manifest.settings["grace_seconds"],
        },
        "settings": manifest.settings,
        "manifest": {"name": manifest.name, "sha256": manifest.digest},
    }


def _sender(manifest: roles.Manifest) -> Sender:
    """Return the deployer: a Brownie account file by name, or on a local chain the node's first account."""
    name = os.environ.get("CALANQUE_DEPLOYER")
    if name is None:
        if not manifest.is_local:
            sys.exit("Outside local chains CALANQUE_DEPLOYER must name a Brownie account file.")
        return Sender(web3, web3.eth.accounts[0])
    account = brownie_accounts.load(name)
    return Sender(
        web3,
        account.address,
        lambda transaction: bytes(web3.eth.account.sign_transaction(transaction, account.private_key).raw_transaction),
    )


def _first_edition() -> wiring.Edition | None:
    document_hash = os.environ.get("CALANQUE_EDITION_HASH")
    if not document_hash:
        return None
    now_s = web3.eth.get_block("latest")["timestamp"]
    return wiring.Edition(bytes.fromhex(document_hash.removeprefix("0x")), now_s)
