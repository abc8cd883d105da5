"""A deployed system with real local keys, for gas measurements and drills: words, payments, roles."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak, to_checksum_address
from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError
from web3.logs import DISCARD

from chain import check, roles, wiring
from chain.target import Sender, artifact, contract_at

SPENDABLE_S = 30 * 86_400
GAS_CAP = 16_777_216
"""Largest gas limit of one transaction (EIP-7825)."""
PEOPLE = ("minter", "rules", "registrar", "treasurer", "guardian", "keymaster", "recoverer", "forfeit")


def word(recipient: str, reward_id: int, units: int) -> bytes:
    """Return the reward word `address(160) << 96 | id(48) << 48 | units(48)`."""
    return ((int(recipient, 16) << 96) | (reward_id << 48) | units).to_bytes(32, "big")


def make_id(counter: int, *, incarnation: int = 1, tranche: int = 0) -> int:
    """Return the id `tranche(4) << 44 | incarnation(12) << 32 | counter(32)`."""
    return (tranche << 44) | (incarnation << 32) | counter


def citizen(number: int) -> str:
    """Return a stable address that looks like any other."""
    return to_checksum_address(keccak(text=f"citizen {number}")[12:])


@dataclass
class Scene:
    """The contracts on one node and the node's accounts that hold the roles."""

    web3: Web3
    manifest: roles.Manifest
    contracts: dict[str, str]
    people: dict[str, str]

    def at(self, name: str) -> Any:
        """Return a contract by name."""
        return contract_at(self.web3, name, self.contracts[name])

    def send(self, who: str, function: Any, *, gas: int = GAS_CAP) -> Any:
        """Send a call from a role's account and return the receipt, reverted or not."""
        tx_hash = function.transact({"from": self.people.get(who, who), "gas": gas})
        return self.web3.eth.wait_for_transaction_receipt(tx_hash)

    def issue(self, words: list[bytes], *, who: str = "minter", edition: int = 1) -> Any:
        """Issue a batch and return the receipt."""
        return self.send(who, self.at("RewardIssuer").functions.issue(edition, keccak(b"root"), words))

    def sign_spend(self, key: Any, merchant_id: int, units: int, reference: int) -> tuple[Any, ...]:
        """Return a signed `IRedemptionDesk.Spend` of a payer's key."""
        desk, now_s = self.at("RedemptionDesk"), self.web3.eth.get_block("latest")["timestamp"]
        payment_ref, salt = keccak(text=f"payment {reference}"), keccak(text=f"salt {reference}")
        nonce = desk.functions.authorizationNonce(merchant_id, payment_ref, salt).call()
        message = {
            "from": key.address,
            "to": desk.address,
            "value": units,
            "validAfter": now_s - 60,
            "validBefore": now_s + SPENDABLE_S,
            "nonce": nonce,
        }
        signed = Account.sign_message(self._authorization(message), key.key)
        r, s = signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
        window = (message["validAfter"], message["validBefore"])
        return (key.address, units, merchant_id, *window, payment_ref, salt, signed.v, r, s)

    def replace_issuer(self) -> "Scene":
        """Put a new issuer in the old one's place as `migrate_issuer` does, and return the scene with it."""
        sender = Sender(self.web3, self.people["deployer"])
        address = wiring.replace_issuer(sender, self.manifest, self.contracts)
        sender.wait()
        return Scene(self.web3, self.manifest, self.contracts | {"RewardIssuer": address}, self.people)

    def refusal(self, who: str, function: Any) -> tuple[str, tuple[Any, ...]] | None:
        """Return name and arguments of the error that a call would revert with, `None` when it would succeed."""
        try:
            function.call({"from": self.people.get(who, who), "gas": GAS_CAP})
        except ContractCustomError as refused:
            return self._decoded(bytes.fromhex(str(refused.data).removeprefix("0x")))
        except ContractLogicError as refused:
            return str(refused), ()
        return None

    def events(self, receipt: Any, contract: str, name: str) -> list[dict[str, Any]]:
        """Return the arguments of a contract's events of one name in a receipt."""
        found = getattr(self.at(contract).events, name)().process_receipt(receipt, errors=DISCARD)
        return [dict(event["args"]) for event in found if event["address"] == self.contracts[contract]]

    def pass_time(self, seconds: int) -> None:
        """Let the development chain's clock jump and mine a block."""
        self.web3.provider.make_request("evm_increaseTime", [seconds])  # type: ignore[arg-type]
        self.web3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]

    def now_s(self) -> int:
        """Return the time of the latest block."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def _decoded(self, data: bytes) -> tuple[str, tuple[Any, ...]]:
        for name in self.contracts:
            for item in artifact(name)["abi"]:
                if item["type"] == "error" and keccak(text=roles.signature_of(item))[:4] == data[:4]:
                    return item["name"], self.web3.codec.decode([part["type"] for part in item["inputs"]], data[4:])
        return "0x" + data[:4].hex(), ()

    def _authorization(self, message: dict[str, Any]) -> Any:
        fields = ["address from", "address to", "uint256 value", "uint256 validAfter", "uint256 validBefore"]
        types = [dict(zip(("type", "name"), field.split(), strict=True)) for field in [*fields, "bytes32 nonce"]]
        domain = {
            "name": "Calanque Points",
            "version": "1",
            "chainId": self.web3.eth.chain_id,
            "verifyingContract": self.contracts["EcoToken"],
        }
        return encode_typed_data(domain, {"ReceiveWithAuthorization": types}, message)


def deploy_scene(web3: Web3, **settings: Any) -> Scene:
    """Deploy the local manifest, with some settings replaced, to accounts of the node; prove it before returning."""
    loaded = roles.load(roles.FOLDER / "local.json")
    manifest = replace(loaded, settings=loaded.settings | settings)
    people = dict(zip(("deployer", *PEOPLE), web3.eth.accounts, strict=False))
    sender = Sender(web3, people["deployer"])
    contracts = wiring.deploy(sender, manifest)
    now_s = web3.eth.get_block("latest")["timestamp"]
    wiring.initialise(sender, manifest, contracts | people, wiring.Edition(secrets.token_bytes(32), now_s))
    wiring.assign(sender, manifest, contracts, people)
    deployment = {
        "chain_id": web3.eth.chain_id,
        "genesis_hash": Web3.to_hex(web3.eth.get_block(0)["hash"]),
        "block": sender.wait(),
        "contracts": contracts,
        "accounts": people,
    }
    found = check.differences(web3, manifest, deployment)
    if found:
        raise AssertionError(found)
    return Scene(web3, manifest, contracts, people)
