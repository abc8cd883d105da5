"""Every act of a role leaves its event: who reads the chain from outside sees each pause, limit, kind and edition."""

import pytest
from chain.scene import citizen
from eth_utils import keccak

HASH = keccak(b"document")
LIMITS = (5, 2, 7, 90_000, 8, 9)
LIMIT_NAMES = ("itemUnits", "batchItems", "batchUnits", "windowSeconds", "minterCapacityUnits", "globalCapacityUnits")


def emitted(scene, who, contract, call, event):
    receipt = scene.send(who, call)
    assert receipt.status == 1
    (arguments,) = scene.events(receipt, contract, event)
    return arguments


@pytest.mark.parametrize(
    ("who", "function", "event", "is_paused"),
    [
        ("guardian", "pauseMint", "MintPauseChanged", True),
        ("deployer", "unpauseMint", "MintPauseChanged", False),
        ("guardian", "pauseSpend", "SpendPauseChanged", True),
        ("deployer", "unpauseSpend", "SpendPauseChanged", False),
    ],
)
def test_a_pause_names_who_changed_it(scene, who, function, event, is_paused):
    call = scene.at("EcoToken").functions[function]()

    assert emitted(scene, who, "EcoToken", call, event) == {"isPaused": is_paused, "by": scene.people[who]}


def test_a_kind_and_an_incarnation_are_told(scene):
    token = scene.at("EcoToken").functions

    kind = emitted(scene, "deployer", "EcoToken", token.setKind(citizen(5), 2), "KindSet")
    incarnation = emitted(scene, "registrar", "EcoToken", token.openIncarnation(), "IncarnationOpened")

    assert (kind, incarnation) == ({"account": citizen(5), "kind": 2}, {"incarnation": 2})


@pytest.mark.parametrize(("who", "function"), [("guardian", "lowerLimits"), ("deployer", "setLimits")])
def test_changed_limits_are_told_as_they_are_now(scene, who, function):
    call = scene.at("RewardIssuer").functions[function](LIMITS)

    told = emitted(scene, who, "RewardIssuer", call, "LimitsChanged")

    assert told == {"limits": dict(zip(LIMIT_NAMES, LIMITS, strict=True)), "by": scene.people[who]}


def test_the_life_of_an_edition_is_told(scene):
    book, effective_s = scene.at("RuleBook").functions, scene.now_s() + 100
    acts = [
        ("rules", book.publish(2, HASH, effective_s), "EditionPublished"),
        ("guardian", book.cancel(2), "EditionCancelled"),
        ("guardian", book.suspend(1), "EditionSuspended"),
        ("deployer", book.resume(1), "EditionResumed"),
    ]

    told = [emitted(scene, who, "RuleBook", call, event) for who, call, event in acts]

    published = {"edition": 2, "documentHash": HASH, "effectiveFrom": effective_s}
    assert told == [published, {"edition": 2}, {"edition": 1}, {"edition": 1}]


def test_merchants_caps_and_the_payout_limit_are_told(scene):
    desk = scene.at("RedemptionDesk").functions
    acts = [
        ("registrar", desk.registerMerchant(7, 100), "MerchantRegistered"),
        ("registrar", desk.setMerchantCap(7, 200), "MerchantCapChanged"),
        ("guardian", desk.lowerMerchantCap(7, 50), "MerchantCapChanged"),
        ("deployer", desk.setPayoutLimit(60, 70), "PayoutLimitChanged"),
    ]

    told = [emitted(scene, who, "RedemptionDesk", call, event) for who, call, event in acts]

    assert told == [
        {"merchantId": 7, "dailyCapUnits": 100},
        {"merchantId": 7, "dailyCapUnits": 200},
        {"merchantId": 7, "dailyCapUnits": 50},
        {"windowSeconds": 60, "capacityUnits": 70},
    ]


def test_an_authorization_tells_that_it_was_used_and_refunded(scene, payer, merchant):
    desk, payment = scene.at("RedemptionDesk").functions, scene.sign_spend(payer, merchant, 900, 1)
    nonce = desk.authorizationNonce(merchant, payment[5], payment[6]).call()
    item = (payer.address, payer.address, 300, merchant, payment[5], payment[6], keccak(b"refund"))

    used = emitted(scene, "deployer", "EcoToken", desk.spend(payment), "AuthorizationUsed")
    refunded = emitted(scene, "treasurer", "EcoToken", desk.refund(item), "AuthorizationRefunded")

    assert used == {"authorizer": payer.address, "nonce": nonce}
    assert refunded == {"authorizer": payer.address, "nonce": nonce, "to": payer.address, "units": 300}


def test_units_that_move_or_end_leave_a_transfer(scene, payer, merchant):
    desk, address = scene.at("RedemptionDesk").functions, scene.contracts["RedemptionDesk"]
    nobody = "0x" + "00" * 20

    paid = emitted(scene, "deployer", "EcoToken", desk.spend(scene.sign_spend(payer, merchant, 900, 1)), "Transfer")
    burned = emitted(scene, "treasurer", "EcoToken", desk.cashOut(merchant, 400, keccak(b"payout")), "Transfer")

    assert paid == {"from": payer.address, "to": address, "value": 900}
    assert burned == {"from": address, "to": nobody, "value": 400}
