"""mintRewards.tree, on the token alone: an account of the test holds the issuer's right."""

import pytest
from chain.scene import citizen, make_id, word
from chain.target import artifact

LIMIT = 10_000


@pytest.fixture
def token(scene):
    return scene.at("EcoToken")


@pytest.fixture
def issuer(scene, token):
    address = scene.web3.eth.accounts[15]
    scene.send("deployer", token.functions.setKind(address, 3))
    return address


def mint(token, words):
    return token.functions.mintRewards(words, LIMIT)


def test_refuses_a_caller_that_is_no_issuer(scene, token, alice):
    for who in ("deployer", "minter", "registrar", "guardian"):
        name, arguments = scene.refusal(who, mint(token, [word(alice, make_id(1), 5)]))
        assert (name, arguments[1]) == ("EcoToken_CallerRefused", 3)


def test_refuses_when_paused_and_mints_again_after(scene, token, issuer, alice):
    words = [word(alice, make_id(1), 5)]
    scene.send("guardian", token.functions.pauseMint())
    assert scene.refusal(issuer, mint(token, words))[0] == "EcoToken_MintPaused"
    assert scene.refusal(issuer, token.functions.previewRewards(words, LIMIT))[0] == "EcoToken_MintPaused"

    scene.send("deployer", token.functions.unpauseMint())

    assert scene.refusal(issuer, mint(token, words)) is None


@pytest.mark.parametrize("incarnation", [0, 2, 4095])
def test_refuses_an_incarnation_that_was_never_opened(scene, token, issuer, alice, incarnation):
    words = [word(alice, make_id(1), 5), word(alice, make_id(2, incarnation=incarnation), 5)]

    assert scene.refusal(issuer, mint(token, words)) == ("EcoToken_IncarnationUnknown", (incarnation, 1))
    assert scene.refusal(issuer, token.functions.previewRewards(words, LIMIT)) == (
        "EcoToken_IncarnationUnknown",
        (incarnation, 1),
    )


def test_accepts_old_and_new_incarnations_after_opening_one(scene, token, issuer, alice):
    receipt = scene.send("registrar", token.functions.openIncarnation())
    assert scene.events(receipt, "EcoToken", "IncarnationOpened") == [{"incarnation": 2}]

    scene.send(issuer, mint(token, [word(alice, make_id(1), 5), word(alice, make_id(1, incarnation=2), 6)]))

    assert token.functions.incarnation().call() == 2
    assert token.functions.balanceOf(alice).call() == 11


@pytest.mark.parametrize("units", [0, LIMIT + 1, 2**48 - 1])
def test_refuses_units_outside_one_and_the_item_limit(scene, token, issuer, alice, units):
    words = [word(alice, make_id(1), 5), word(alice, make_id(2), units)]

    assert scene.refusal(issuer, mint(token, words)) == ("EcoToken_ItemUnitsRefused", (units, LIMIT))
    assert scene.refusal(issuer, token.functions.previewRewards(words, LIMIT))[0] == "EcoToken_ItemUnitsRefused"


def test_accepts_exactly_the_item_limit(scene, token, issuer, alice):
    scene.send(issuer, mint(token, [word(alice, make_id(1), LIMIT)]))

    assert token.functions.balanceOf(alice).call() == LIMIT


def test_refuses_recipients_that_are_no_citizens(scene, token, issuer):
    for recipient in ("0x" + "00" * 20, scene.contracts["RedemptionDesk"], scene.people["forfeit"], issuer):
        words = [word(recipient, make_id(1), 5)]
        assert scene.refusal(issuer, mint(token, words))[0] == "EcoToken_NotCitizen"
        assert scene.refusal(issuer, token.functions.previewRewards(words, LIMIT))[0] == "EcoToken_NotCitizen"


def test_refuses_a_zero_recipient_anywhere_in_the_batch(scene, token, issuer, alice):
    zero = word("0x" + "00" * 20, make_id(2), 5)
    good = word(alice, make_id(1), 5)

    for words in ([zero, good], [good, zero], [good, zero, word(alice, make_id(3), 5)]):
        assert scene.refusal(issuer, mint(token, words))[0] == "EcoToken_NotCitizen"


def test_refuses_more_than_the_daily_ceiling_until_the_next_day(scene, token, issuer):
    full = [word(citizen(i), make_id(i), LIMIT) for i in range(18)]
    scene.send(issuer, mint(token, full))
    more = [word(citizen(1), make_id(50), 1)]

    above = ("EcoToken_DailyCeilingExceeded", (180_001, 180_000))
    assert scene.refusal(issuer, mint(token, more)) == above
    assert scene.refusal(issuer, token.functions.previewRewards(more, LIMIT)) == above
    assert token.functions.mintedTodayUnits().call() == 180_000
    scene.pass_time(86_400)
    assert token.functions.mintedTodayUnits().call() == 0
    assert scene.send(issuer, mint(token, more)).status == 1
    assert token.functions.mintedTodayUnits().call() == 1


@pytest.mark.parametrize(("ceiling", "is_taken"), [(0, False), (1, True), (2**96 - 1, True), (2**96, False)])
def test_a_token_has_a_ceiling_of_one_to_96_bits(scene, ceiling, is_taken):
    made = artifact("EcoToken")
    factory = scene.web3.eth.contract(abi=made["abi"], bytecode=made["bytecode"])
    deployment = factory.constructor(scene.contracts["PointsAccessManager"], ceiling)

    sent = deployment.transact({"from": scene.people["deployer"], "gas": 10_000_000})
    receipt = scene.web3.eth.wait_for_transaction_receipt(sent)

    assert receipt.status == is_taken


def test_skips_and_reports_ids_consumed_before(scene, token, issuer, alice, bob):
    first = [word(alice, make_id(i), 10) for i in range(3)]
    scene.send(issuer, mint(token, first))

    receipt = scene.send(issuer, mint(token, [*first, word(bob, make_id(3), 7)]))

    assert scene.events(receipt, "EcoToken", "RewardSkipped") == [{"id": make_id(i)} for i in range(3)]
    assert token.functions.balanceOf(alice).call() == 30
    assert token.functions.totalSupply().call() == 37


def test_skips_an_id_repeated_in_one_batch_even_after_another_bitmap_word(scene, token, issuer, alice, bob):
    words = [word(alice, make_id(1), 10), word(alice, make_id(300), 1), word(bob, make_id(1), 10)]

    assert token.functions.previewRewards(words, LIMIT).call() == [11, 1]
    scene.send(issuer, mint(token, words))

    assert token.functions.balanceOf(alice).call() == 11
    assert token.functions.balanceOf(bob).call() == 0


def test_skips_a_consumed_id_whatever_the_rest_of_its_word_says(scene, token, issuer, alice):
    scene.send(issuer, mint(token, [word(alice, make_id(1), 10)]))

    assert mint(token, [word("0x" + "00" * 20, make_id(1), 0)]).call({"from": issuer}) == [0, 1]


def test_consumes_the_ids_and_only_them(scene, token, issuer, alice):
    ids = [make_id(0), make_id(255), make_id(256), make_id(255, tranche=15), make_id(2**32 - 1)]
    scene.send(issuer, mint(token, [word(alice, i, 1) for i in ids]))

    assert all(token.functions.isConsumed(i).call() for i in ids)
    for other in (make_id(1), make_id(254), make_id(257), make_id(255, tranche=14), make_id(255, incarnation=2)):
        assert not token.functions.isConsumed(other).call()


def test_nets_consecutive_words_to_one_recipient(scene, token, issuer, alice, bob):
    words = [
        word(alice, make_id(1), 1),
        word(alice, make_id(2), 2),
        word(bob, make_id(3), 4),
        word(alice, make_id(4), 8),
    ]

    receipt = scene.send(issuer, mint(token, words))

    transfers = [(e["to"], e["value"]) for e in scene.events(receipt, "EcoToken", "Transfer")]
    assert transfers == [(alice, 3), (bob, 4), (alice, 8)]


def test_a_skipped_word_inside_a_run_does_not_break_the_sum(scene, token, issuer, alice):
    scene.send(issuer, mint(token, [word(alice, make_id(2), 2)]))

    receipt = scene.send(issuer, mint(token, [word(alice, make_id(i), i) for i in (1, 2, 3)]))

    assert [e["value"] for e in scene.events(receipt, "EcoToken", "Transfer")] == [4]
    assert token.functions.balanceOf(alice).call() == 6


def test_an_empty_batch_changes_nothing(scene, token, issuer):
    assert mint(token, []).call({"from": issuer}) == [0, 0]


def test_preview_tells_what_mint_does(scene, token, issuer, alice, bob):
    scene.send(issuer, mint(token, [word(alice, make_id(5), 5)]))
    words = [word(alice, make_id(i), i + 1) for i in (9, 5, 5, 4, 9)] + [word(bob, make_id(4), 3)]

    assert token.functions.previewRewards(words, LIMIT).call() == mint(token, words).call({"from": issuer})


def test_the_day_of_the_last_movement_is_kept(scene, token, issuer, alice):
    scene.send(issuer, mint(token, [word(alice, make_id(1), 5)]))

    assert token.functions.accountOf(alice).call() == [5, 0, scene.now_s() // 86_400]
