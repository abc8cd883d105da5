"""Acts of the admin and the drill, on the real contracts."""

import pytest
from chain import admin, drill, keys
from chain.scene import citizen, make_id, word
from chain.target import Sender
from web3 import Web3


@pytest.fixture
def deployment(scene):
    return {
        "chain_id": scene.web3.eth.chain_id,
        "genesis_hash": Web3.to_hex(scene.web3.eth.get_block(0)["hash"]),
        "block": 0,
        "contracts": scene.contracts,
        "accounts": scene.people,
    }


def test_migration_of_the_issuer_is_proved_against_the_manifest(scene, deployment):
    old = scene.contracts["RewardIssuer"]

    changed = admin.migrate_issuer(Sender(scene.web3, scene.people["deployer"]), scene.manifest, deployment)

    assert changed["contracts"]["RewardIssuer"] != old
    assert scene.at("EcoToken").functions.accountOf(old).call()[1] == 4


def test_hand_over_of_the_admin_takes_two_steps(scene):
    manager, new = scene.at("PointsAccessManager"), scene.web3.eth.accounts[15]
    old = scene.people["deployer"]
    admin.propose_admin(Sender(scene.web3, old), manager, new, 0)
    assert [manager.functions.hasRole(0, who).call()[0] for who in (old, new)] == [True, True]

    admin.accept_admin(Sender(scene.web3, new), manager, old)

    assert [manager.functions.hasRole(0, who).call()[0] for who in (old, new)] == [False, True]


def test_rotation_swaps_the_minter(scene):
    manager, new = scene.contracts["PointsAccessManager"], scene.web3.eth.accounts[15]

    keys.rotate_minter(scene.web3, manager, scene.people["keymaster"], scene.people["minter"], new)

    call = scene.at("RewardIssuer").functions.issue(1, b"\0" * 32, [word(citizen(1), make_id(1), 5)])
    assert scene.refusal("minter", call)[0] == "AccessManagedUnauthorized"
    assert scene.refusal(new, call) is None


def test_drill_the_thief_gets_at_most_the_bucket_and_is_stopped(scene):
    outcome = drill.steal(scene, 3_600)
    assert 0 < outcome.stolen_units <= outcome.bound_units

    drill.stop_and_go_on(scene)
