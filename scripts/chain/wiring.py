"""Deploys the contracts of a manifest and gives every role to its members, on any node."""

from dataclasses import dataclass
from typing import Any

from eth_utils import keccak, to_checksum_address
from web3 import Web3

from chain.roles import CONTRACTS, MANAGER, Manifest, ManifestError, check_covers
from chain.target import Sender, artifact, contract_at

WIRING_GAS = 8_000_000
KIND_CLOSED = 4


@dataclass(frozen=True)
class Edition:
    """The first edition, in force at once: before it nothing could be issued."""

    document_hash: bytes
    effective_from_s: int


def limits_tuple(settings: dict[str, Any]) -> tuple[int, int, int, int, int, int]:
    """Return the issuer's limits in the order of `IRewardIssuer.Limits`."""
    limits = settings["issuer_limits"]
    return (
        limits["item_units"],
        limits["batch_items"],
        limits["batch_units"],
        limits["window_seconds"],
        limits["minter_capacity_units"],
        limits["global_capacity_units"],
    )


def deploy(sender: Sender, manifest: Manifest) -> dict[str, str]:
    """Send the deployment of the manager and the four contracts; return their addresses by name.

    The caller waits. The sender is the first admin.
    """
    for name in CONTRACTS:
        check_covers(manifest, name, artifact(name)["abi"])
    settings = manifest.settings
    manager = sender.deploy(MANAGER, to_checksum_address(sender.address))
    token = sender.deploy("EcoToken", manager, settings["daily_ceiling_units"])
    book = sender.deploy("RuleBook", manager, settings["notice_seconds"], settings["grace_seconds"])
    issuer = sender.deploy("RewardIssuer", manager, token, book, limits_tuple(settings))
    desk = sender.deploy(
        "RedemptionDesk", manager, token, settings["payout_window_seconds"], settings["payout_capacity_units"]
    )
    return {
        MANAGER: manager,
        "EcoToken": token,
        "RewardIssuer": issuer,
        "RuleBook": book,
        "RedemptionDesk": desk,
    }


def initialise(sender: Sender, manifest: Manifest, addresses: dict[str, str], edition: Edition | None) -> None:
    """Send what only the first admin can do before the roles are set: kinds, first incarnation, first edition."""
    token = contract_at(sender.web3, "EcoToken", addresses["EcoToken"])
    sender.call(token.functions.openIncarnation())
    for name, kind in manifest.kinds.items():
        sender.call(token.functions.setKind(addresses[name], kind))
    if edition is not None:
        book = contract_at(sender.web3, "RuleBook", addresses["RuleBook"])
        sender.call(book.functions.publish(1, edition.document_hash, edition.effective_from_s))


def assign(sender: Sender, manifest: Manifest, contracts: dict[str, str], accounts: dict[str, str]) -> None:
    """Send one transaction that labels roles, binds functions and grants the members."""
    manager = contract_at(sender.web3, MANAGER, contracts[MANAGER])
    calls = [*_bindings(manager, manifest, contracts), *_grants(manager, manifest, contracts | accounts)]
    sender.call(manager.functions.multicall(calls), gas=WIRING_GAS)


def resolve(manifest: Manifest, given: dict[str, str], web3: Web3, deployer: str) -> dict[str, str]:
    """Return an address for each account that the manifest names.

    On a local chain the names that the file leaves out are accounts of the node.

    Raises:
        ManifestError: A name has no address.
    """
    addresses = {name: to_checksum_address(address) for name, address in given.items()}
    addresses.setdefault("deployer", to_checksum_address(deployer))
    missing = sorted((manifest.account_names()) - set(addresses))
    if missing and not manifest.is_local:
        raise ManifestError(f"the accounts file lacks {missing}")
    spare = [account for account in web3.eth.accounts if account not in addresses.values()]
    if len(spare) < len(missing):
        raise ManifestError(f"the accounts file lacks {missing} and the node has no account to lend")
    return addresses | dict(zip(missing, spare, strict=False))


def replace_issuer(sender: Sender, manifest: Manifest, contracts: dict[str, str]) -> str:
    """Send a new issuer, close the old one, return the new address; consumed ids stay in the token."""
    manager = contract_at(sender.web3, MANAGER, contracts[MANAGER])
    token = contract_at(sender.web3, "EcoToken", contracts["EcoToken"])
    limits = limits_tuple(manifest.settings)
    address = sender.deploy("RewardIssuer", contracts[MANAGER], contracts["EcoToken"], contracts["RuleBook"], limits)
    sender.call(manager.functions.multicall(_targets(manager, manifest, "RewardIssuer", address)))
    sender.call(token.functions.setKind(contracts["RewardIssuer"], KIND_CLOSED))
    sender.call(token.functions.setKind(address, manifest.kinds["RewardIssuer"]))
    return address


def _bindings(manager: Any, manifest: Manifest, contracts: dict[str, str]) -> list[str]:
    calls = []
    for role in manifest.roles.values():
        if role.id == 0:
            continue
        calls.append(_encoded(manager.functions.labelRole(role.id, role.name)))
        calls.append(_encoded(manager.functions.setRoleGuardian(role.id, manifest.roles[role.guardian].id)))
        if role.grant_delay_seconds:
            calls.append(_encoded(manager.functions.setGrantDelay(role.id, role.grant_delay_seconds)))
    for contract in manifest.functions:
        calls += _targets(manager, manifest, contract, contracts[contract])
    return calls


def _targets(manager: Any, manifest: Manifest, contract: str, address: str) -> list[str]:
    by_role: dict[int, list[bytes]] = {}
    for signature in manifest.functions[contract]:
        role_id = manifest.role_of(contract, signature)
        if role_id is not None:
            by_role.setdefault(role_id, []).append(keccak(text=signature)[:4])
    calls = [
        _encoded(manager.functions.setTargetFunctionRole(address, selectors, role_id))
        for role_id, selectors in by_role.items()
    ]
    delay = manifest.target_admin_delay_seconds
    return [*calls, _encoded(manager.functions.setTargetAdminDelay(address, delay))] if delay else calls


def _grants(manager: Any, manifest: Manifest, addresses: dict[str, str]) -> list[str]:
    """Members after the bindings, then who administers which role: the first admin loses a role by it."""
    calls = []
    for role in manifest.roles.values():
        for member in role.members:
            if role.id == 0 and member.account == "deployer":
                continue
            calls.append(
                _encoded(manager.functions.grantRole(role.id, addresses[member.account], member.delay_seconds))
            )
    calls += [
        _encoded(manager.functions.setRoleAdmin(role.id, manifest.roles[role.admin].id))
        for role in manifest.roles.values()
        if role.admin != "ADMIN"
    ]
    admins = {member.account for member in manifest.roles["ADMIN"].members}
    if "deployer" not in admins:
        calls.append(_encoded(manager.functions.renounceRole(0, addresses["deployer"])))
    return calls


def _encoded(function: Any) -> str:
    return str(function._encode_transaction_data())
