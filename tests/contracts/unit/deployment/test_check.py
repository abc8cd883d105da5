"""The check after deployment finds what was changed behind its back."""

from dataclasses import replace

import pytest
from chain import check, roles
from chain.scene import citizen
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


def found(scene, deployment):
    return check.differences(scene.web3, scene.manifest, deployment)


def test_a_deployment_as_declared_has_no_difference(scene, deployment):
    assert found(scene, deployment) == []


def test_finds_another_chain(scene, deployment):
    assert len(found(scene, deployment | {"chain_id": 5, "genesis_hash": "0x00"})) == 2


@pytest.mark.parametrize("role_id", [0, 1, 2, 3, 4, 5, 6, 7])
def test_finds_an_extra_member(scene, deployment, role_id):
    manager = scene.at("PointsAccessManager")
    who = "keymaster" if role_id == 2 else "deployer"
    scene.send(who, manager.functions.grantRole(role_id, citizen(5), 0))

    assert found(scene, deployment) == [f"role {role_id}: {citizen(5)} is an extra member"]


def test_finds_a_missing_member_and_another_delay(scene, deployment):
    manager = scene.at("PointsAccessManager")
    scene.send("deployer", manager.functions.revokeRole(1, scene.people["rules"]))
    scene.send("deployer", manager.functions.grantRole(3, scene.people["guardian"], 60))

    sentences = found(scene, deployment)

    assert f"role 1: {scene.people['rules']} is missing" in sentences
    assert f"role 3: {scene.people['guardian']} acts after 60 s, not 0" in sentences


def test_finds_a_function_bound_to_another_role(scene, deployment):
    manager = scene.at("PointsAccessManager")
    selector = Web3.keccak(text="pauseMint()")[:4]
    scene.send("deployer", manager.functions.setTargetFunctionRole(scene.contracts["EcoToken"], [selector], 1))

    assert found(scene, deployment) == ["EcoToken.pauseMint(): bound to role 1, not 3"]


def test_finds_an_extra_issuer_and_a_closed_desk(scene, deployment):
    token = scene.at("EcoToken")
    scene.send("deployer", token.functions.setKind(citizen(5), 3))
    scene.send("deployer", token.functions.setKind(scene.contracts["RedemptionDesk"], 4))

    assert sorted(found(scene, deployment)) == sorted(
        [
            f"{citizen(5)} is of kind 3, not 4",
            f"{scene.contracts['RedemptionDesk']} is of kind 4, not 1",
        ]
    )


def test_finds_changed_limits(scene, deployment):
    scene.send("deployer", scene.at("RedemptionDesk").functions.setPayoutLimit(1, 2))
    issuer = scene.at("RewardIssuer")
    scene.send("guardian", issuer.functions.lowerLimits((1, 1, 1, 86_400, 1, 1)))

    assert [sentence.split(" is ")[0] for sentence in found(scene, deployment)] == ["issuer limits", "payout limit"]


def test_outside_local_chains_an_ordinary_admin_is_a_difference(scene, deployment):
    manifest = replace(scene.manifest, is_local=False)

    sentences = check.differences(scene.web3, manifest, deployment)

    assert any("is an ordinary account" in sentence for sentence in sentences)
    assert "the deployer is still admin" in sentences


def test_the_check_of_a_migrated_issuer_agrees(scene, deployment):
    replaced = scene.replace_issuer()

    assert found(scene, deployment | {"contracts": replaced.contracts}) == []


def test_a_production_manifest_needs_delayed_admins(tmp_path):
    text = (roles.FOLDER / "local.json").read_text().replace('"is_local": true', '"is_local": false')
    (tmp_path / "bad.json").write_text(text)

    with pytest.raises(roles.ManifestError, match="delay"):
        roles.load(tmp_path / "bad.json")
