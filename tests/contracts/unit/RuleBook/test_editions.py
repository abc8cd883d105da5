"""Editions: number, notice, order, cancellation, suspension, grace."""

import pytest
from chain.scene import citizen, make_id, word
from eth_utils import keccak

HASH = keccak(b"document")
NOTICE_S = 30
GRACE_S = 34_560_000
HORIZON_S = 730 * 86_400


@pytest.fixture
def book(scene):
    return scene.at("RuleBook")


@pytest.fixture
def publish(scene, book):
    """Publish the next edition so many seconds after the notice; return its number and effect."""

    def publish_next(after_s=60):
        number = book.functions.latest().call() + 1
        effective_s = scene.now_s() + NOTICE_S + after_s
        assert scene.send("rules", book.functions.publish(number, HASH, effective_s)).status == 1
        return number, effective_s

    return publish_next


def usable(book, *numbers):
    return [book.functions.usable(number).call() for number in numbers]


def test_the_first_edition_is_in_force_at_once(book):
    assert usable(book, 0, 1, 2) == [False, True, False]
    assert book.functions.current().call() == 1


def test_refuses_less_than_the_notice_and_more_than_two_years(scene, book):
    now_s = scene.now_s()
    early = book.functions.publish(2, HASH, now_s + NOTICE_S - 2)
    late = book.functions.publish(2, HASH, now_s + 731 * 86_400)

    assert scene.refusal("rules", early)[0] == "RuleBook_EffectiveTooEarly"
    assert scene.refusal("rules", late)[0] == "RuleBook_EffectiveTooLate"
    assert scene.refusal("rules", book.functions.publish(2, HASH, now_s + NOTICE_S + 2)) is None


@pytest.mark.parametrize(
    ("seconds", "is_taken"),
    [(NOTICE_S - 1, False), (NOTICE_S, True), (HORIZON_S, True), (HORIZON_S + 1, False)],
)
def test_notice_and_horizon_count_to_the_second(scene, book, seconds, is_taken):
    mined_s = scene.now_s() + 50
    scene.web3.provider.make_request("evm_setNextBlockTimestamp", [mined_s])

    receipt = scene.send("rules", book.functions.publish(2, HASH, mined_s + seconds))

    assert scene.now_s() == mined_s
    assert receipt.status == is_taken


@pytest.mark.parametrize("number", [0, 1, 3])
def test_refuses_a_number_that_is_not_next(scene, book, number):
    call = book.functions.publish(number, HASH, scene.now_s() + 100)

    assert scene.refusal("rules", call) == ("RuleBook_NumberNotNext", (number, 2))


def test_refuses_no_document_and_an_effect_not_after_the_edition_before(scene, book, publish):
    _, effective_s = publish(200)

    assert scene.refusal("rules", book.functions.publish(3, b"\0" * 32, effective_s + 9))[0] == "RuleBook_HashMissing"
    refused = scene.refusal("rules", book.functions.publish(3, HASH, effective_s))
    assert refused == ("RuleBook_EffectiveTooEarly", (effective_s, effective_s + 1))


def test_takes_effect_at_its_second_and_not_before(scene, book, publish):
    number, effective_s = publish()
    scene.pass_time(effective_s - scene.now_s() - 5)
    assert (usable(book, 1, number), book.functions.current().call()) == ([True, False], 1)

    scene.pass_time(5)

    assert (usable(book, 1, number), book.functions.current().call()) == ([True, True], number)


def test_rewards_held_under_a_superseded_edition_are_still_paid(scene, book, publish):
    """Version 2 starts while version 1 rewards are held; they are still paid until the grace ends."""
    _, effective_s = publish()
    scene.pass_time(effective_s - scene.now_s() + 1_000_000)

    assert scene.issue([word(citizen(1), make_id(1), 5)], edition=1).status == 1
    assert scene.issue([word(citizen(1), make_id(2), 5)], edition=2).status == 1
    scene.pass_time(effective_s + GRACE_S - scene.now_s() - 2)
    assert usable(book, 1) == [True]
    scene.pass_time(2)
    assert usable(book, 1, 2) == [False, True]


def test_the_guardian_cancels_before_the_effect_only(scene, book, publish):
    number, effective_s = publish()
    assert scene.refusal("guardian", book.functions.cancel(1)) == ("RuleBook_EditionInForce", (1,))

    scene.send("guardian", book.functions.cancel(number))

    scene.pass_time(effective_s - scene.now_s() + 10)
    assert usable(book, number) == [False]
    assert book.functions.current().call() == 1
    assert book.functions.editionOf(1).call()[5] == 0
    assert scene.refusal("guardian", book.functions.cancel(number))[0] == "RuleBook_EditionInForce"


def test_a_cancelled_edition_supersedes_nothing_even_between_two_others(scene, book, publish):
    second, _ = publish(100)
    third, third_s = publish(200)

    scene.send("guardian", book.functions.cancel(second))

    assert book.functions.editionOf(1).call()[5] == third_s
    assert scene.refusal("guardian", book.functions.cancel(second))[0] == "RuleBook_EditionUnchangeable"
    scene.pass_time(third_s - scene.now_s() + 1)
    assert book.functions.current().call() == third


def test_the_number_of_a_cancelled_edition_is_not_used_again(scene, book, publish):
    number, _ = publish()
    scene.send("guardian", book.functions.cancel(number))

    again, _ = publish()

    assert again == number + 1


def test_suspends_and_resumes(scene, book):
    scene.send("guardian", book.functions.suspend(1))
    assert usable(book, 1) == [False]
    assert scene.refusal("guardian", book.functions.suspend(1))[0] == "RuleBook_EditionUnchangeable"
    assert scene.refusal("guardian", book.functions.resume(1))[0] == "AccessManagedUnauthorized"

    scene.send("deployer", book.functions.resume(1))

    assert usable(book, 1) == [True]
    assert scene.refusal("deployer", book.functions.resume(1))[0] == "RuleBook_EditionUnchangeable"


def test_unknown_editions_are_refused(scene, book):
    for call in (book.functions.cancel(9), book.functions.suspend(9), book.functions.editionOf(9)):
        assert scene.refusal("guardian", call) == ("RuleBook_EditionUnknown", (9,))


def test_keeps_what_was_published(scene, book, publish):
    number, effective_s = publish()

    kept = book.functions.editionOf(number).call()

    assert (kept[0], kept[2:]) == (HASH, (effective_s, False, False, 0))
    assert (book.functions.noticeSeconds().call(), book.functions.graceSeconds().call()) == (NOTICE_S, GRACE_S)
