"""One drill per row of docs/threat-model.md: what the holder of a role's key gets, against the bound of the limits.

The row of the minter is in test_admin.py. The scene's limits are small, so each drill reaches its bound.
"""

import pytest
from chain import wiring
from chain.scene import citizen, make_id, word
from eth_account import Account
from eth_utils import keccak

HOUR_S = 3_600
ROOT = keccak(b"stolen")
THIEF = citizen(666)


def bound(capacity_units, window_s, elapsed_s):
    """Most that a bucket lets through in so many seconds: capacity x (1 + t / window)."""
    return capacity_units + capacity_units * elapsed_s // window_s


def books(scene):
    """Supply, and the thief's units: what a key that moves no points leaves as it is."""
    token = scene.at("EcoToken").functions
    return token.totalSupply().call(), token.balanceOf(THIEF).call()


def mint_all(scene, who, first):
    """Issue words of the item limit to the thief until the buckets are dry."""
    issuer, limit = scene.at("RewardIssuer").functions, scene.manifest.settings["issuer_limits"]["item_units"]
    count = issuer.availableUnits(who).call() // limit
    for start in range(0, count, 10):
        words = [word(THIEF, make_id(first + start + i), limit) for i in range(min(10, count - start))]
        assert scene.send(who, issuer.issue(1, ROOT, words)).status == 1
    return first + count


@pytest.fixture
def takings(scene):
    """A merchant whose takings are twice what the payout budget lets out at once."""
    desk, key = scene.at("RedemptionDesk").functions, Account.from_key(b"\x22" * 32)
    scene.send("registrar", desk.registerMerchant(7, 10**6))
    scene.issue([word(key.address, make_id(i), 10_000) for i in range(4)])
    for reference in range(4):
        assert scene.send("deployer", desk.spend(scene.sign_spend(key, 7, 10_000, reference))).status == 1
    return 7


def test_the_keymaster_gets_no_more_than_the_common_bucket_however_many_keys_it_grants(scene):
    manager, limits = scene.at("PointsAccessManager"), scene.manifest.settings["issuer_limits"]
    # Between what one minter may and the daily ceiling, so that the common bucket is what binds.
    most = {**limits, "global_capacity_units": limits["minter_capacity_units"] + 10_000}
    scene.send("guardian", scene.at("RewardIssuer").functions.lowerLimits(wiring.limits_tuple({"issuer_limits": most})))
    start_s, counter = scene.now_s(), 1
    for _ in range(2):
        for key in scene.web3.eth.accounts[14:17]:
            scene.send("keymaster", manager.functions.grantRole(2, key, 0))
            counter = mint_all(scene, key, counter)
        scene.pass_time(HOUR_S)

    stolen, elapsed_s = books(scene)[1], scene.now_s() - start_s
    assert limits["minter_capacity_units"] < stolen
    assert stolen <= bound(most["global_capacity_units"], limits["window_seconds"], elapsed_s)


def test_the_keymaster_is_stopped_by_the_guardian(scene):
    manager, key = scene.at("PointsAccessManager"), scene.web3.eth.accounts[14]
    scene.send("guardian", scene.at("EcoToken").functions.pauseMint())
    scene.send("keymaster", manager.functions.grantRole(2, key, 0))

    call = scene.at("RewardIssuer").functions.issue(1, ROOT, [word(THIEF, make_id(1), 1)])

    assert scene.refusal(key, call) == ("EcoToken_MintPaused", ())


def test_the_treasurer_burns_no_more_than_the_payout_budget_and_gets_nothing(scene, takings):
    settings, desk = scene.manifest.settings, scene.at("RedemptionDesk").functions
    (supply, _), start_s, burned = books(scene), scene.now_s(), 0
    for reference in range(2):
        units = desk.payoutAvailableUnits().call()
        assert scene.send("treasurer", desk.cashOut(takings, units, keccak(text=f"forged {reference}"))).status == 1
        burned += units
        scene.pass_time(HOUR_S)

    elapsed_s = scene.now_s() - start_s
    assert burned <= bound(settings["payout_capacity_units"], settings["payout_window_seconds"], elapsed_s)
    assert books(scene) == (supply - burned, 0)
    one_more = desk.payoutAvailableUnits().call() + 10
    assert scene.refusal("treasurer", desk.cashOut(takings, one_more, ROOT)) is not None


def test_the_treasurer_refunds_payers_only(scene, takings):
    payment = scene.sign_spend(Account.from_key(b"\x22" * 32), takings, 10_000, 0)
    astray = (payment[0], THIEF, 100, takings, payment[5], payment[6], keccak(b"refund"))

    refused = scene.refusal("treasurer", scene.at("RedemptionDesk").functions.refund(astray))

    assert refused is not None
    assert books(scene)[1] == 0


def test_the_registrar_opens_outlets_but_moves_no_points(scene):
    before, desk = books(scene), scene.at("RedemptionDesk").functions
    assert scene.send("registrar", desk.registerMerchant(13, 10**9)).status == 1
    assert scene.send("registrar", scene.at("EcoToken").functions.openIncarnation()).status == 1

    assert books(scene) == before
    scene.send("guardian", desk.lowerMerchantCap(13, 0))
    assert desk.merchantOf(13).call() == [True, 0, 0]


def test_the_rules_key_publishes_an_edition_that_the_guardian_cancels_in_time(scene):
    before, book = books(scene), scene.at("RuleBook").functions
    assert scene.send("rules", book.publish(2, keccak(b"forged"), scene.now_s() + 100)).status == 1

    scene.send("guardian", book.cancel(2))

    scene.pass_time(200)
    assert (book.usable(1).call(), book.usable(2).call(), books(scene)) == (True, False, before)


def test_the_guardian_stops_everything_and_takes_nothing(scene):
    before, token = books(scene), scene.at("EcoToken").functions
    stops = [token.pauseMint(), token.pauseSpend(), scene.at("RuleBook").functions.suspend(1)]
    assert [scene.send("guardian", stop).status for stop in stops] == [1, 1, 1]
    undo = [token.unpauseMint(), token.unpauseSpend(), scene.at("RuleBook").functions.resume(1)]
    assert {scene.refusal("guardian", call)[0] for call in undo} == {"AccessManagedUnauthorized"}

    assert [scene.send("deployer", call).status for call in undo] == [1, 1, 1]
    assert books(scene) == before
    assert scene.issue([word(citizen(1), make_id(1), 5)]).status == 1


def test_the_recoverer_moves_nothing_that_the_guardian_cancels_within_the_delay(scene):
    victim, token, manager = citizen(5), scene.at("EcoToken"), scene.at("PointsAccessManager").functions
    scene.issue([word(victim, make_id(1), 500)])
    before = books(scene)
    data = token.functions.recover(victim, THIEF)._encode_transaction_data()
    assert scene.send("recoverer", manager.schedule(token.address, data, 0)).status == 1

    scene.send("guardian", manager.cancel(scene.people["recoverer"], token.address, data))

    scene.pass_time(60)
    assert scene.send("recoverer", token.functions.recover(victim, THIEF)).status == 0
    assert books(scene) == before


def test_a_leaked_citizens_key_pays_registered_merchants_only(scene, payer):
    desk, token = scene.at("RedemptionDesk").functions, scene.at("EcoToken").functions
    assert scene.refusal(payer.address, token.transfer(THIEF, 1)) == ("EcoToken_ClosedLoop", ())

    name, arguments = scene.refusal("deployer", desk.spend(scene.sign_spend(payer, 99, 100, 1)))

    assert (name, books(scene)[1]) == ("RedemptionDesk_SpendRefused", 0)
    assert arguments[1] == keccak(text="RedemptionDesk_MerchantUnknown()")[:4]


def test_a_leaked_relayer_key_only_sends_what_was_signed(scene, payer):
    desk, relayer = scene.at("RedemptionDesk").functions, scene.web3.eth.accounts[14]
    for merchant in (7, 8):
        scene.send("registrar", desk.registerMerchant(merchant, 10**6))
    signed = scene.sign_spend(payer, 7, 100, 1)
    before = books(scene)

    # Another merchant, another amount, and what needs a role: all refused.
    for changed in ((signed[0], 100, 8, *signed[3:]), (signed[0], 101, *signed[2:])):
        assert scene.refusal(relayer, desk.spend(changed))[0] == "RedemptionDesk_SpendRefused"
    minting = scene.at("RewardIssuer").functions.issue(1, ROOT, [word(THIEF, make_id(1), 1)])
    assert scene.refusal(relayer, minting)[0] == "AccessManagedUnauthorized"
    assert scene.send(relayer, desk.spend(signed)).status == 1

    assert books(scene) == before
    assert desk.takingsOf(7).call() == 100
