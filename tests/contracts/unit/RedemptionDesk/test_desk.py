"""spend.tree: payments, refunds and cash-outs, single and in batches."""

import pytest
from chain.scene import make_id, word
from eth_account import Account
from eth_utils import keccak

REF = keccak(b"reference")


@pytest.fixture
def desk(scene):
    return scene.at("RedemptionDesk")


@pytest.fixture
def token(scene):
    return scene.at("EcoToken")


@pytest.fixture
def paid(scene, desk, payer, merchant):
    """A payment of 1,000 units that was taken."""
    payment = scene.sign_spend(payer, merchant, 1_000, 1)
    assert scene.send("deployer", desk.functions.spend(payment)).status == 1
    return payment


def refund_of(payment, units, ref=REF, **changed):
    terms = {"payer": payment[0], "to": payment[0], "units": units, "merchant": payment[2], "ref": payment[5]}
    terms |= {"salt": payment[6]} | changed
    return (*terms.values(), ref)


def reason(refused, name):
    """Whether a refusal carries the selector of this error."""
    return refused[1][1] == keccak(text=name)[:4]


def test_takes_a_payment(scene, desk, token, payer, merchant):
    payment = scene.sign_spend(payer, merchant, 1_000, 1)
    nonce = desk.functions.authorizationNonce(merchant, payment[5], payment[6]).call()

    receipt = scene.send("treasurer", desk.functions.spend(payment))

    assert scene.events(receipt, "RedemptionDesk", "Spent") == [
        {"nonce": nonce, "payer": payer.address, "merchantId": merchant, "units": 1_000}
    ]
    assert desk.functions.takingsOf(merchant).call() == token.functions.balanceOf(desk.address).call() == 1_000
    assert desk.functions.spentOf(payer.address, nonce).call() == [1_000, 0]
    assert desk.functions.merchantOf(merchant).call() == [True, 4_000, 1_000]


def test_the_nonce_names_chain_desk_merchant_reference_and_salt(scene, desk):
    encoded = scene.web3.codec.encode(
        ["uint256", "address", "uint64", "bytes32", "bytes32"],
        [scene.web3.eth.chain_id, desk.address, 7, REF, b"\1" * 32],
    )

    assert desk.functions.authorizationNonce(7, REF, b"\1" * 32).call() == keccak(encoded)


def test_a_payment_signed_for_one_merchant_cannot_go_to_another(scene, desk, payer, merchant):
    scene.send("registrar", desk.functions.registerMerchant(8, 4_000))
    payment = list(scene.sign_spend(payer, merchant, 1_000, 1))
    payment[2] = 8

    refused = scene.refusal("deployer", desk.functions.spend(tuple(payment)))

    assert refused[0] == "RedemptionDesk_SpendRefused"
    assert reason(refused, "EcoToken_SignatureInvalid(address)")


def test_refuses_an_unknown_merchant_and_the_same_payment_twice(scene, desk, payer, paid):
    unknown = scene.refusal("deployer", desk.functions.spend(scene.sign_spend(payer, 99, 1, 2)))
    twice = scene.refusal("deployer", desk.functions.spend(paid))

    assert reason(unknown, "RedemptionDesk_MerchantUnknown()")
    assert reason(twice, "EcoToken_AuthorizationSpent(address,bytes32)")
    assert desk.functions.takingsOf(7).call() == 1_000


def test_the_daily_cap_bounds_a_merchant_until_the_next_day(scene, desk, payer, merchant):
    scene.send("deployer", desk.functions.spend(scene.sign_spend(payer, merchant, 3_999, 1)))
    two = scene.sign_spend(payer, merchant, 2, 2)

    assert reason(scene.refusal("deployer", desk.functions.spend(two)), "RedemptionDesk_MerchantCapExceeded()")
    scene.pass_time(86_400)
    assert scene.send("deployer", desk.functions.spend(two)).status == 1
    assert desk.functions.merchantOf(merchant).call()[2] == 2


def test_exactly_the_cap_is_taken(scene, desk, payer, merchant):
    assert scene.refusal("deployer", desk.functions.spend(scene.sign_spend(payer, merchant, 4_000, 1))) is None


def test_a_refused_payment_leaves_the_books_alone(scene, desk, merchant):
    poor = Account.from_key(b"\x33" * 32)

    receipt = scene.send("deployer", desk.functions.spendBatch([scene.sign_spend(poor, merchant, 10, 1)]))

    assert receipt.status == 1
    assert desk.functions.takingsOf(merchant).call() == 0
    assert desk.functions.merchantOf(merchant).call() == [True, 4_000, 0]


def test_a_batch_takes_the_good_and_reports_the_bad(scene, desk, payer, merchant):
    good = [scene.sign_spend(payer, merchant, 100 + i, i) for i in range(3)]
    forged = (*scene.sign_spend(payer, merchant, 5, 9)[:1], 6, *scene.sign_spend(payer, merchant, 5, 9)[2:])
    batch = [good[0], forged, good[1], good[0], scene.sign_spend(payer, 99, 1, 10), good[2]]

    receipt = scene.send("deployer", desk.functions.spendBatch(batch))

    assert desk.functions.takingsOf(merchant).call() == 303
    reasons = [event["reason"] for event in scene.events(receipt, "RedemptionDesk", "SpendRefused")]
    assert reasons == [
        keccak(text=name)[:4]
        for name in (
            "EcoToken_SignatureInvalid(address)",
            "EcoToken_AuthorizationSpent(address,bytes32)",
            "RedemptionDesk_MerchantUnknown()",
        )
    ]


def test_too_little_gas_never_looks_like_a_refusal(scene, desk, payer, merchant):
    """With less and less gas a batch fails whole or takes the payment; it never reports a good payment as refused."""
    batch = desk.functions.spendBatch([scene.sign_spend(payer, merchant, 10, 1)])
    for gas in range(40_000, 120_000, 2_000):
        snapshot = scene.web3.provider.make_request("evm_snapshot", [])["result"]
        receipt = scene.send("deployer", batch, gas=gas)
        assert receipt.status == 0 or not scene.events(receipt, "RedemptionDesk", "SpendRefused")
        scene.web3.provider.make_request("evm_revert", [snapshot])


def test_merchants_are_registered_once_and_capped(scene, desk, merchant):
    register = desk.functions.registerMerchant
    assert scene.refusal("registrar", register(merchant, 1))[0] == "RedemptionDesk_MerchantRefused"
    assert scene.refusal("registrar", register(0, 1))[0] == "RedemptionDesk_MerchantRefused"
    assert scene.refusal("registrar", desk.functions.setMerchantCap(99, 1))[0] == "RedemptionDesk_MerchantRefused"
    assert scene.refusal("registrar", register(9, 2**64)) is not None

    scene.send("registrar", desk.functions.setMerchantCap(merchant, 9_000))
    assert scene.refusal("guardian", desk.functions.lowerMerchantCap(merchant, 9_000)) == (
        "RedemptionDesk_CapNotLower",
        (9_000, 9_000),
    )
    scene.send("guardian", desk.functions.lowerMerchantCap(merchant, 0))

    assert desk.functions.merchantOf(merchant).call()[1] == 0


def test_a_closed_merchant_takes_nothing(scene, desk, payer, merchant):
    scene.send("registrar", desk.functions.setMerchantCap(merchant, 0))

    refused = scene.refusal("deployer", desk.functions.spend(scene.sign_spend(payer, merchant, 1, 1)))

    assert reason(refused, "RedemptionDesk_MerchantCapExceeded()")


def test_refunds_from_unsettled_takings(scene, desk, token, payer, merchant, paid):
    receipt = scene.send("treasurer", desk.functions.refund(refund_of(paid, 400)))

    assert receipt.status == 1
    assert desk.functions.takingsOf(merchant).call() == 600
    assert token.functions.balanceOf(payer.address).call() == 4_400
    assert desk.functions.isRefunded(REF).call()
    nonce = desk.functions.authorizationNonce(merchant, paid[5], paid[6]).call()
    assert desk.functions.spentOf(payer.address, nonce).call() == [1_000, 400]


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"units": 1_001}, "RedemptionDesk_TakingsInsufficient()"),
        ({"units": 0}, "RedemptionDesk_UnitsOutOfRange()"),
        ({"merchant": 99}, "RedemptionDesk_MerchantUnknown()"),
        ({"salt": b"\x09" * 32}, "EcoToken_RefundExceedsPayment(bytes32,uint256,uint256)"),
        ({"to": "0x" + "77" * 20}, "EcoToken_RefundAstray(address)"),
    ],
)
def test_refuses_a_refund_that_does_not_fit(scene, desk, paid, changed, name):
    terms = dict(zip(("payer", "to", "units", "merchant", "ref", "salt"), refund_of(paid, 10)[:6], strict=True))

    call = desk.functions.refund((*(terms | changed).values(), REF))

    assert reason(scene.refusal("treasurer", call), name)


def test_another_merchants_takings_do_not_pay_a_refund(scene, desk, payer, merchant, paid):
    scene.send("registrar", desk.functions.registerMerchant(8, 4_000))
    scene.send("deployer", desk.functions.spend(scene.sign_spend(payer, 8, 500, 2)))

    call = desk.functions.refund(refund_of(paid, 10, merchant=8))

    assert reason(scene.refusal("treasurer", call), "EcoToken_RefundExceedsPayment(bytes32,uint256,uint256)")


def test_a_refund_reference_works_once_and_a_refused_one_stays_free(scene, desk, merchant, paid):
    bad = refund_of(paid, 10, salt=b"\x09" * 32)
    good = refund_of(paid, 10)

    receipt = scene.send("treasurer", desk.functions.refundBatch([bad, good, good]))

    assert len(scene.events(receipt, "RedemptionDesk", "Refunded")) == 1
    assert [e["reason"] for e in scene.events(receipt, "RedemptionDesk", "RefundRefused")] == [
        keccak(text="EcoToken_RefundExceedsPayment(bytes32,uint256,uint256)")[:4],
        keccak(text="RedemptionDesk_ReferenceUsed()")[:4],
    ]
    assert desk.functions.takingsOf(merchant).call() == 990


def test_cash_out_burns(scene, desk, token, merchant, paid):
    receipt = scene.send("treasurer", desk.functions.cashOut(merchant, 999, REF))

    assert scene.events(receipt, "RedemptionDesk", "CashedOut")[0]["units"] == 999
    assert desk.functions.takingsOf(merchant).call() == token.functions.balanceOf(desk.address).call() == 1
    assert token.functions.totalSupply().call() == 4_001
    assert desk.functions.isPaidOut(REF).call()


def test_after_cash_out_a_refund_needs_new_takings(scene, desk, merchant, paid):
    scene.send("treasurer", desk.functions.cashOut(merchant, 995, REF))

    refused = scene.refusal("treasurer", desk.functions.refund(refund_of(paid, 6)))

    assert reason(refused, "RedemptionDesk_TakingsInsufficient()")


def test_a_batch_of_cash_outs_burns_the_sum_of_the_good_ones(scene, desk, token, merchant, paid):
    refs = [keccak(text=str(i)) for i in range(4)]
    items = [(merchant, 300, refs[0]), (merchant, 900, refs[1]), (merchant, 200, refs[0]), (99, 1, refs[2])]

    receipt = scene.send(
        "treasurer", desk.functions.cashOutBatch([*items, (merchant, 50, refs[3]), (merchant, 0, REF)])
    )

    assert token.functions.totalSupply().call() == 5_000 - 350
    assert [e["reason"] for e in scene.events(receipt, "RedemptionDesk", "CashOutRefused")] == [
        keccak(text=f"RedemptionDesk_{name}()")[:4]
        for name in ("TakingsInsufficient", "ReferenceUsed", "MerchantUnknown", "UnitsOutOfRange")
    ]


def test_the_treasurer_is_bounded_per_window(scene, desk, merchant, paid):
    scene.send("deployer", desk.functions.setPayoutLimit(1_000, 600))
    scene.send("treasurer", desk.functions.cashOut(merchant, 600, REF))
    call = desk.functions.cashOut(merchant, 300, keccak(b"next"))

    assert reason(scene.refusal("treasurer", call), "RedemptionDesk_PayoutBudgetExceeded()")
    scene.pass_time(500)
    assert 300 <= desk.functions.payoutAvailableUnits().call() <= 303
    assert scene.send("treasurer", call).status == 1


def test_takings_are_the_desks_balance_over_several_merchants(scene, desk, token, payer, merchant, paid):
    scene.issue([word(payer.address, make_id(901), 5_000)])
    for other in (8, 9):
        scene.send("registrar", desk.functions.registerMerchant(other, 4_000))
        scene.send("deployer", desk.functions.spend(scene.sign_spend(payer, other, 100 * other, other)))
    scene.send("treasurer", desk.functions.cashOut(8, 500, REF))

    takings = sum(desk.functions.takingsOf(number).call() for number in (merchant, 8, 9))

    assert takings == token.functions.balanceOf(desk.address).call() == 1_000 + 300 + 900
