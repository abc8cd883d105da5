"""Compares a deployment with its manifest: members, delays, bindings, limits, kinds. Nothing may differ or be extra."""

from collections.abc import Iterator
from typing import Any

from eth_utils import keccak, to_checksum_address
from web3 import Web3

from chain.roles import CONTRACTS, MANAGER, Manifest
from chain.target import contract_at
from chain.wiring import KIND_CLOSED, limits_tuple

LOG_SPAN_BLOCKS = 10_000


def differences(web3: Web3, manifest: Manifest, deployment: dict[str, Any]) -> list[str]:
    """Return one sentence per difference between the chain and the manifest; none means equal.

    Args:
        deployment: As written by `deploy`: `contracts`, `accounts`, `block`, `genesis_hash`, `chain_id`.
    """
    found = list(_identity(web3, deployment))
    if found:
        # Another chain would answer every other question at random.
        return found
    manager = contract_at(web3, MANAGER, deployment["contracts"][MANAGER])
    found += _members(web3, manager, manifest, deployment)
    found += _role_settings(manager, manifest)
    found += _bindings(web3, manager, manifest, deployment)
    found += _kinds(web3, manifest, deployment)
    found += _settings(web3, manifest, deployment)
    if not manifest.is_local:
        found += _no_plain_admin(web3, manager, manifest, deployment)
    return found


def _identity(web3: Web3, deployment: dict[str, Any]) -> Iterator[str]:
    if web3.eth.chain_id != deployment["chain_id"]:
        yield f"chain id is {web3.eth.chain_id}, the deployment is of {deployment['chain_id']}"
    genesis = Web3.to_hex(web3.eth.get_block(0)["hash"])
    if genesis != deployment["genesis_hash"]:
        yield f"genesis is {genesis}, the deployment is of {deployment['genesis_hash']}"
        return
    for name, address in deployment["contracts"].items():
        if not web3.eth.get_code(to_checksum_address(address)):
            yield f"{name}: no code at {address}"


def _members(web3: Web3, manager: Any, manifest: Manifest, deployment: dict[str, Any]) -> Iterator[str]:
    addresses = deployment["contracts"] | deployment["accounts"]
    wanted = {
        (role.id, addresses[member.account]): member.delay_seconds
        for role in manifest.roles.values()
        for member in role.members
    }
    for role_id, account in sorted(_ever_granted(web3, manager, deployment["block"]) | set(wanted)):
        is_member, delay = manager.functions.hasRole(role_id, account).call()
        since = manager.functions.getAccess(role_id, account).call()[0]
        # A grant under way is not in force yet but will be: it counts.
        is_granted = is_member or since > 0
        if (role_id, account) not in wanted:
            if is_granted:
                yield f"role {role_id}: {account} is an extra member"
        elif not is_granted:
            yield f"role {role_id}: {account} is missing"
        elif delay != wanted[role_id, account] and is_member:
            yield f"role {role_id}: {account} acts after {delay} s, not {wanted[role_id, account]}"


def _ever_granted(web3: Web3, manager: Any, first_block: int) -> set[tuple[int, str]]:
    events = _logs(web3, manager.events.RoleGranted, first_block)
    return {(event["args"]["roleId"], event["args"]["account"]) for event in events}


def _logs(web3: Web3, event: Any, first_block: int) -> Iterator[Any]:
    last = web3.eth.block_number
    for start in range(first_block, last + 1, LOG_SPAN_BLOCKS):
        yield from event.get_logs(from_block=start, to_block=min(last, start + LOG_SPAN_BLOCKS - 1))


def _role_settings(manager: Any, manifest: Manifest) -> Iterator[str]:
    for role in manifest.roles.values():
        admin = manager.functions.getRoleAdmin(role.id).call()
        if admin != manifest.roles[role.admin].id:
            yield f"{role.name}: its admin role is {admin}"
        guardian = manager.functions.getRoleGuardian(role.id).call()
        if guardian != manifest.roles[role.guardian].id:
            yield f"{role.name}: its guardian role is {guardian}"
        delay = manager.functions.getRoleGrantDelay(role.id).call()
        # The manager lets a longer delay take effect five days later only; until then it shows 0.
        if delay not in (0, role.grant_delay_seconds):
            yield f"{role.name}: grants take effect after {delay} s"


def _bindings(web3: Web3, manager: Any, manifest: Manifest, deployment: dict[str, Any]) -> Iterator[str]:
    for name in CONTRACTS:
        address = deployment["contracts"][name]
        if contract_at(web3, name, address).functions.authority().call() != manager.address:
            yield f"{name}: obeys another manager"
        if manager.functions.isTargetClosed(address).call():
            yield f"{name}: is closed in the manager"
        for signature in manifest.functions[name]:
            role_id = manager.functions.getTargetFunctionRole(address, keccak(text=signature)[:4]).call()
            # What is open or the manager's own is bound to nobody, which is the admin role.
            wanted = manifest.role_of(name, signature) or 0
            if role_id != wanted:
                yield f"{name}.{signature}: bound to role {role_id}, not {wanted}"


def _kinds(web3: Web3, manifest: Manifest, deployment: dict[str, Any]) -> Iterator[str]:
    addresses = deployment["contracts"] | deployment["accounts"]
    token = contract_at(web3, "EcoToken", addresses["EcoToken"])
    wanted = {addresses[name]: kind for name, kind in manifest.kinds.items()}
    events = _logs(web3, token.events.KindSet, deployment["block"])
    for account in sorted({event["args"]["account"] for event in events} | set(wanted)):
        kind = token.functions.accountOf(account).call()[1]
        # An issuer or desk of the past stays closed.
        if kind != wanted.get(account, KIND_CLOSED):
            yield f"{account} is of kind {kind}, not {wanted.get(account, KIND_CLOSED)}"


def _settings(web3: Web3, manifest: Manifest, deployment: dict[str, Any]) -> Iterator[str]:
    addresses, settings = deployment["contracts"], manifest.settings
    token = contract_at(web3, "EcoToken", addresses["EcoToken"]).functions
    issuer = contract_at(web3, "RewardIssuer", addresses["RewardIssuer"]).functions
    book = contract_at(web3, "RuleBook", addresses["RuleBook"]).functions
    desk = contract_at(web3, "RedemptionDesk", addresses["RedemptionDesk"]).functions
    compared = {
        "daily ceiling": (token.dailyCeilingUnits().call(), settings["daily_ceiling_units"]),
        "notice": (book.noticeSeconds().call(), settings["notice_seconds"]),
        "grace": (book.graceSeconds().call(), settings["grace_seconds"]),
        "issuer limits": (tuple(issuer.limitsOf().call()), limits_tuple(settings)),
        "payout limit": (
            tuple(desk.payoutLimit().call()),
            (settings["payout_window_seconds"], settings["payout_capacity_units"]),
        ),
        "issuer's token": (issuer.token().call(), addresses["EcoToken"]),
        "issuer's rulebook": (issuer.ruleBook().call(), addresses["RuleBook"]),
        "desk's token": (desk.token().call(), addresses["EcoToken"]),
    }
    for label, (actual, wanted) in compared.items():
        if actual != wanted:
            yield f"{label} is {actual}, not {wanted}"


def _no_plain_admin(web3: Web3, manager: Any, manifest: Manifest, deployment: dict[str, Any]) -> Iterator[str]:
    for member in manifest.roles["ADMIN"].members:
        address = deployment["accounts"][member.account]
        if not web3.eth.get_code(address):
            yield f"admin {address} is an ordinary account; outside local chains it must be a contract"
    if manager.functions.hasRole(0, deployment["accounts"]["deployer"]).call()[0]:
        yield "the deployer is still admin"
