"""receiveWithAuthorization.tree and refundAuthorization.tree: an account of the test holds the desk's right."""

import pytest
from chain.scene import make_id, word
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

NONCE = keccak(b"nonce")
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def token(scene):
    return scene.at("EcoToken")


@pytest.fixture
def desk(scene, token):
    address = scene.web3.eth.accounts[15]
    scene.send("deployer", token.functions.setKind(address, 1))
    return address


@pytest.fixture
def terms(scene, payer, desk):
    now_s = scene.now_s()
    return {
        "from": payer.address,
        "to": desk,
        "value": 1_200,
        "validAfter": now_s - 1,
        "validBefore": now_s + 1_000,
        "nonce": NONCE,
    }


def take(token, scene, key, terms, **changed):
    signed = Account.sign_message(scene._authorization(terms), key.key)
    sent = {**terms, **changed}
    v, r, s = signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
    return token.functions.receiveWithAuthorization(*sent.values(), v, r, s)


def test_moves_the_units_once(scene, token, payer, desk, terms):
    receipt = scene.send(desk, take(token, scene, payer, terms))

    assert receipt.status == 1
    assert token.functions.balanceOf(desk).call() == 1_200
    assert token.functions.balanceOf(payer.address).call() == 3_800
    assert token.functions.authorizationState(payer.address, NONCE).call()
    assert scene.refusal(desk, take(token, scene, payer, terms))[0] == "EcoToken_AuthorizationSpent"
    assert token.functions.authorizationOf(payer.address, NONCE).call() == [desk, 1_200, 0]


def test_refuses_a_caller_that_is_no_desk(scene, token, payer, terms):
    for who in ("deployer", "treasurer", payer.address):
        assert scene.refusal(who, take(token, scene, payer, terms))[0] == "EcoToken_CallerRefused"


def test_refuses_when_spending_is_paused(scene, token, payer, desk, terms):
    scene.send("guardian", token.functions.pauseSpend())

    assert scene.refusal(desk, take(token, scene, payer, terms))[0] == "EcoToken_SpendPaused"
    scene.send("deployer", token.functions.unpauseSpend())
    assert scene.refusal(desk, take(token, scene, payer, terms)) is None


def test_minting_goes_on_when_spending_is_paused(scene, token, alice):
    scene.send("guardian", token.functions.pauseSpend())

    assert scene.issue([word(alice, make_id(1), 5)]).status == 1


def test_refuses_outside_its_time(scene, token, payer, desk, terms):
    early = {**terms, "validAfter": scene.now_s() + 100}
    late = {**terms, "validBefore": scene.now_s()}

    assert scene.refusal(desk, take(token, scene, payer, early))[0] == "EcoToken_AuthorizationNotYetValid"
    assert scene.refusal(desk, take(token, scene, payer, late))[0] == "EcoToken_AuthorizationExpired"


def test_the_bounds_of_the_time_are_exclusive(scene, token, payer, desk, terms):
    # A call sees the time of the latest block on this node.
    at = scene.web3.eth.get_block("pending")["timestamp"]
    exact_after = {**terms, "validAfter": at + 50}
    scene.web3.provider.make_request("evm_setNextBlockTimestamp", [at + 50])
    assert scene.send(desk, take(token, scene, payer, exact_after)).status == 0
    exact_before = {**terms, "validBefore": at + 90}
    scene.web3.provider.make_request("evm_setNextBlockTimestamp", [at + 90])
    assert scene.send(desk, take(token, scene, payer, exact_before)).status == 0


def test_refuses_another_payee_and_odd_amounts(scene, token, payer, desk, terms, alice):
    assert scene.refusal(desk, take(token, scene, payer, {**terms, "to": alice}))[0] == "EcoToken_PayeeNotCaller"
    for units in (0, 2**48, 2**200):
        refused = scene.refusal(desk, take(token, scene, payer, {**terms, "value": units}))
        assert refused == ("EcoToken_UnitsOutOfRange", (units,))


@pytest.mark.parametrize(
    "changed", [{"value": 1_201}, {"validAfter": 1}, {"validBefore": 2**40}, {"nonce": keccak(b"other")}]
)
def test_refuses_other_terms_than_signed(scene, token, payer, desk, terms, changed):
    assert scene.refusal(desk, take(token, scene, payer, terms, **changed))[0] == "EcoToken_SignatureInvalid"


def test_refuses_a_stranger_a_high_s_and_a_bad_v(scene, token, payer, desk, terms):
    stranger = Account.from_key(b"\x22" * 32)
    assert scene.refusal(desk, take(token, scene, stranger, terms))[0] == "EcoToken_SignatureInvalid"
    signed = Account.sign_message(scene._authorization(terms), payer.key)
    r, s = signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
    high = (ORDER - signed.s).to_bytes(32, "big")
    for v, s_bytes in ((55 - signed.v, high), (29, s), (0, s)):
        call = token.functions.receiveWithAuthorization(*terms.values(), v, r, s_bytes)
        assert scene.refusal(desk, call)[0] == "EcoToken_SignatureInvalid"


def test_refuses_more_than_the_balance_and_keeps_the_nonce(scene, token, payer, desk, terms):
    too_much = {**terms, "value": 5_001}

    refused = scene.refusal(desk, take(token, scene, payer, too_much))

    assert refused == ("EcoToken_BalanceInsufficient", (payer.address.lower(), 5_000, 5_001))
    assert not token.functions.authorizationState(payer.address, NONCE).call()


def test_a_cancelled_nonce_cannot_be_used_nor_cancelled_again(scene, token, payer, desk, terms):
    domain = {
        "name": "Calanque Points",
        "version": "1",
        "chainId": scene.web3.eth.chain_id,
        "verifyingContract": token.address,
    }
    types = {"CancelAuthorization": [{"name": "authorizer", "type": "address"}, {"name": "nonce", "type": "bytes32"}]}
    message = encode_typed_data(domain, types, {"authorizer": payer.address, "nonce": NONCE})
    signed = Account.sign_message(message, payer.key)
    cancel = token.functions.cancelAuthorization(
        payer.address, NONCE, signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
    )

    # Giving back what a pause refused must not wait for its end.
    scene.send("guardian", token.functions.pauseSpend())
    receipt = scene.send("deployer", cancel)
    scene.send("deployer", token.functions.unpauseSpend())

    assert receipt.status == 1
    assert receipt.gasUsed < 65_000
    assert scene.events(receipt, "EcoToken", "AuthorizationCanceled") == [{"authorizer": payer.address, "nonce": NONCE}]
    assert scene.refusal(desk, take(token, scene, payer, terms))[0] == "EcoToken_AuthorizationSpent"
    assert scene.refusal("deployer", cancel)[0] == "EcoToken_AuthorizationSpent"
    assert token.functions.authorizationOf(payer.address, NONCE).call() == [token.address, 0, 0]


def test_a_cancellation_needs_the_signer(scene, token, payer):
    call = token.functions.cancelAuthorization(payer.address, NONCE, 27, b"\x01" * 32, b"\x01" * 32)

    assert scene.refusal("deployer", call)[0] == "EcoToken_SignatureInvalid"


def test_refunds_up_to_the_payment_and_never_more(scene, token, payer, desk, terms):
    scene.send(desk, take(token, scene, payer, terms))
    back = token.functions.refundAuthorization

    scene.send(desk, back(payer.address, NONCE, payer.address, 1_000))

    assert token.functions.balanceOf(payer.address).call() == 4_800
    refused = scene.refusal(desk, back(payer.address, NONCE, payer.address, 201))
    assert refused == ("EcoToken_RefundExceedsPayment", (NONCE, 200, 201))
    assert scene.refusal(desk, back(payer.address, NONCE, payer.address, 200)) is None
    assert scene.refusal(desk, back(payer.address, NONCE, payer.address, 0))[0] == "EcoToken_UnitsOutOfRange"


def test_refunds_go_to_the_payer_or_the_forfeit_account_only(scene, token, payer, desk, terms, alice):
    scene.send(desk, take(token, scene, payer, terms))
    back = token.functions.refundAuthorization

    assert scene.refusal(desk, back(payer.address, NONCE, alice, 1))[0] == "EcoToken_RefundAstray"
    assert scene.refusal(desk, back(payer.address, NONCE, desk, 1))[0] == "EcoToken_RefundAstray"
    scene.send(desk, back(payer.address, NONCE, scene.people["forfeit"], 70))
    assert token.functions.balanceOf(scene.people["forfeit"]).call() == 70


def test_another_desk_cannot_refund_a_payment(scene, token, payer, desk, terms):
    scene.send(desk, take(token, scene, payer, terms))
    other = scene.web3.eth.accounts[16]
    scene.send("deployer", token.functions.setKind(other, 1))

    call = token.functions.refundAuthorization(payer.address, NONCE, payer.address, 1)

    assert scene.refusal(other, call) == ("EcoToken_RefundExceedsPayment", (NONCE, 0, 1))


def test_burning_is_never_paused_and_lowers_the_supply(scene, token, payer, desk, terms):
    scene.send(desk, take(token, scene, payer, terms))
    scene.send("guardian", token.functions.pauseSpend())
    scene.send("guardian", token.functions.pauseMint())

    scene.send(desk, token.functions.burnUnits(200))

    assert token.functions.balanceOf(desk).call() == 1_000
    assert token.functions.totalSupply().call() == 4_800
    assert scene.refusal(desk, token.functions.burnUnits(1_001))[0] == "EcoToken_BalanceInsufficient"
    assert scene.refusal("deployer", token.functions.burnUnits(0))[0] == "EcoToken_CallerRefused"


def test_refunds_stop_when_spending_is_paused(scene, token, payer, desk, terms):
    scene.send(desk, take(token, scene, payer, terms))
    scene.send("guardian", token.functions.pauseSpend())

    call = token.functions.refundAuthorization(payer.address, NONCE, payer.address, 1)

    assert scene.refusal(desk, call)[0] == "EcoToken_SpendPaused"
