"""The drill of a leaked minter key, on a private chain: how much a thief gets, how it is stopped, how work goes on.

`drill.sh` runs it. It fails when the thief gets more than the computed bound or when a stop does not stop.
"""

from dataclasses import dataclass

from eth_account import Account
from eth_utils import keccak

from chain.keys import rotate_minter, signed_revocation
from chain.node import anvil
from chain.scene import Scene, citizen, deploy_scene, make_id, word

THIEF = citizen(666)
REACTION_S = 3_600
ROOT = keccak(b"stolen")
MNEMONIC = "test test test test test test test test test test test junk"
"""Every anvil prints this phrase and has its accounts: it guards nothing."""


@dataclass(frozen=True)
class Outcome:
    """What the drill measured, in units."""

    stolen_units: int
    bound_units: int
    batches: int


def steal(scene: Scene, seconds: int) -> Outcome:
    """Let the thief issue as much as every limit allows, as fast as it can, for so many seconds."""
    limits = scene.manifest.settings["issuer_limits"]
    issuer, start_s, counter, batches = scene.at("RewardIssuer"), scene.now_s(), 1_000, 0
    sizes = [limits["item_units"]] * (limits["batch_units"] // limits["item_units"])
    while scene.now_s() - start_s < seconds:
        available = issuer.functions.availableUnits(scene.people["minter"]).call()
        while available >= limits["item_units"]:
            count = min(len(sizes), available // limits["item_units"])
            words = [word(THIEF, make_id(counter + i), limits["item_units"]) for i in range(count)]
            counter += count
            batches += scene.issue(words).status
            available = issuer.functions.availableUnits(scene.people["minter"]).call()
        scene.pass_time(300)
    elapsed = scene.now_s() - start_s
    capacity = limits["minter_capacity_units"]
    bound = capacity + capacity * elapsed // limits["window_seconds"]
    return Outcome(scene.at("EcoToken").functions.balanceOf(THIEF).call(), bound, batches)


def stop_and_go_on(scene: Scene) -> None:
    """Guardian pauses, the pre-signed revocation is sent, a new key mints, the thief does not."""
    token, issuer = scene.at("EcoToken"), scene.at("RewardIssuer")
    manager = scene.contracts["PointsAccessManager"]
    prepared = signed_revocation(scene.web3, manager, _key_of(scene, "keymaster"), scene.people["minter"])
    words = [word(THIEF, make_id(9_000_000), 1)]
    scene.pass_time(86_400)
    assert scene.send("guardian", token.functions.pauseMint()).status == 1
    assert scene.issue(words).status == 0, "the thief minted while paused"

    tx_hash = scene.web3.eth.send_raw_transaction(prepared)
    assert scene.web3.eth.wait_for_transaction_receipt(tx_hash)["status"] == 1
    scene.send("deployer", token.functions.unpauseMint())
    assert scene.issue(words).status == 0, "the thief minted after the revocation"

    fresh = scene.web3.eth.accounts[15]
    rotate_minter(scene.web3, manager, scene.people["keymaster"], None, fresh)
    call = issuer.functions.issue(1, ROOT, [word(citizen(1), make_id(1), 100)])
    assert scene.send(fresh, call).status == 1, "the new key does not mint"


def _key_of(scene: Scene, who: str) -> str:
    position = scene.web3.eth.accounts.index(scene.people[who])
    Account.enable_unaudited_hdwallet_features()
    return str(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{position}").key.hex())


def main() -> None:
    """Run the drill and print its figures."""
    with anvil() as web3:
        scene = deploy_scene(web3)
        outcome = steal(scene, REACTION_S)
        stolen, bound = outcome.stolen_units, outcome.bound_units
        print(f"{outcome.batches} batches in {REACTION_S} s: {stolen:,} units stolen, bound {bound:,}")
        assert 0 < stolen <= bound
        stop_and_go_on(scene)
        print("paused, revoked by the pre-signed transaction, rotated: the new key mints, the stolen one does not")


if __name__ == "__main__":
    main()
