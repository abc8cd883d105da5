"""recover.tree, kinds, and the closed loop."""

import pytest
from chain.scene import make_id, word

DAY_S = 86_400


@pytest.fixture
def token(scene):
    return scene.at("EcoToken")


def schedule(scene, who, call):
    manager = scene.at("PointsAccessManager")
    return scene.send(who, manager.functions.schedule(scene.contracts["EcoToken"], call._encode_transaction_data(), 0))


def test_the_loop_is_closed(scene, token, payer, alice):
    for call in (
        token.functions.transfer(alice, 1),
        token.functions.approve(alice, 1),
        token.functions.transferFrom(payer.address, alice, 1),
    ):
        assert scene.refusal(payer.address, call) == ("EcoToken_ClosedLoop", ())
    assert token.functions.allowance(payer.address, alice).call() == 0


def test_describes_itself_as_points_of_two_decimals(token):
    described = [token.functions[name]().call() for name in ("name", "symbol", "decimals")]

    assert described == ["Calanque Points", "CALQ", 2]


def test_recovers_the_whole_balance_after_the_delay(scene, token, alice, bob):
    scene.issue([word(alice, make_id(1), 50)])
    call = token.functions.recover(alice, bob)
    assert scene.refusal("recoverer", call) is not None
    schedule(scene, "recoverer", call)
    assert scene.refusal("recoverer", call) is not None

    scene.pass_time(31)
    receipt = scene.send("recoverer", call)

    assert receipt.status == 1
    assert [token.functions.balanceOf(who).call() for who in (alice, bob)] == [0, 50]
    assert scene.events(receipt, "EcoToken", "Recovered")[0]["units"] == 50


def test_the_guardian_cancels_a_recovery(scene, token, alice, bob):
    scene.issue([word(alice, make_id(1), 50)])
    call = token.functions.recover(alice, bob)
    schedule(scene, "recoverer", call)
    manager = scene.at("PointsAccessManager")

    scene.send(
        "guardian",
        manager.functions.cancel(scene.people["recoverer"], token.address, call._encode_transaction_data()),
    )
    scene.pass_time(31)

    assert scene.refusal("recoverer", call) is not None


def test_recovery_refuses_what_is_no_lost_citizen_account(scene, token, alice, bob):
    scene.issue([word(alice, make_id(1), 50)])
    desk = scene.contracts["RedemptionDesk"]
    cases = [
        ((alice, alice), "EcoToken_RecoveryRefused"),
        ((bob, alice), "EcoToken_RecoveryRefused"),
        ((alice, "0x" + "00" * 20), "EcoToken_NotCitizen"),
        ((alice, desk), "EcoToken_NotCitizen"),
        ((desk, bob), "EcoToken_NotCitizen"),
    ]
    for (previous, replacement), _ in cases:
        schedule(scene, "recoverer", token.functions.recover(previous, replacement))
    scene.pass_time(31)

    for (previous, replacement), name in cases:
        assert scene.refusal("recoverer", token.functions.recover(previous, replacement))[0] == name


def test_recovery_stops_when_spending_is_paused(scene, token, alice, bob):
    scene.issue([word(alice, make_id(1), 50)])
    call = token.functions.recover(alice, bob)
    schedule(scene, "recoverer", call)
    scene.pass_time(31)
    scene.send("guardian", token.functions.pauseSpend())

    assert scene.refusal("recoverer", call)[0] == "EcoToken_SpendPaused"


@pytest.mark.parametrize(("days", "left"), [(730, 50), (731, 0)])
def test_expires_after_731_days_without_movement(scene, token, alice, days, left):
    midnight = (scene.now_s() // DAY_S + 1) * DAY_S
    scene.pass_time(midnight - scene.now_s() + 10)
    scene.issue([word(alice, make_id(1), 50)])
    call = token.functions.expireIdle([alice, scene.contracts["RedemptionDesk"]])
    scene.pass_time(days * DAY_S - 100)
    schedule(scene, "recoverer", call)
    scene.pass_time(100)

    assert scene.send("recoverer", call).status == 1

    assert token.functions.balanceOf(alice).call() == left
    assert token.functions.totalSupply().call() == left


def test_expiry_spares_who_was_paid_meanwhile(scene, token, alice, bob):
    scene.issue([word(alice, make_id(1), 50), word(bob, make_id(2), 60)])
    call = token.functions.expireIdle([alice, bob])
    scene.pass_time(731 * DAY_S)
    scene.issue([word(bob, make_id(3), 1)])
    schedule(scene, "recoverer", call)
    scene.pass_time(31)

    receipt = scene.send("recoverer", call)

    assert [e["account"] for e in scene.events(receipt, "EcoToken", "IdleExpired")] == [alice]
    assert token.functions.totalSupply().call() == 61


def test_a_kind_is_given_to_an_empty_account_once_and_closed_for_ever(scene, token, alice, bob):
    scene.issue([word(alice, make_id(1), 50)])
    give = token.functions.setKind
    assert scene.refusal("deployer", give(alice, 1))[0] == "EcoToken_KindRefused"
    for kind in (0, 4, 5, 255):
        assert scene.refusal("deployer", give(bob, kind))[0] == "EcoToken_KindRefused"
    for kind in (1, 2, 3):
        assert scene.refusal("deployer", give(bob, kind)) is None

    scene.send("deployer", give(bob, 3))
    assert scene.refusal("deployer", give(bob, 1))[0] == "EcoToken_KindRefused"
    scene.send("deployer", give(bob, 4))

    for kind in range(6):
        assert scene.refusal("deployer", give(bob, kind))[0] == "EcoToken_KindRefused"


def test_incarnations_end_at_4095(scene, token):
    # Storage slot 0 after the manager's slot holds the head; writing it saves 4,094 transactions.
    for _ in range(3):
        scene.send("registrar", token.functions.openIncarnation())

    assert token.functions.incarnation().call() == 4
