"""Limits and buckets of the issuer, and the dry run that must say the same."""

import pytest
from chain.scene import citizen, make_id, word
from eth_utils import keccak

ROOT = keccak(b"root")
WEI = 10**18


@pytest.fixture
def issuer(scene):
    return scene.at("RewardIssuer")


def words_of(count, units, first=0):
    return [word(citizen(i), make_id(first + i), units) for i in range(count)]


def refusals(scene, issuer, words, edition=1):
    """What the call and the dry run are refused with; they must be equal."""
    minter = scene.people["minter"]
    call = scene.refusal("minter", issuer.functions.issue(edition, ROOT, words))
    dry = scene.refusal("deployer", issuer.functions.dryRun(minter, edition, words))
    assert call == dry
    return call


def change(issuer, **changed):
    names = ("item", "items", "batch", "window", "minter", "everybody")
    held = dict(zip(names, issuer.functions.limitsOf().call(), strict=True))
    return tuple((held | changed).values())


def test_reports_the_batch(scene, issuer, alice):
    receipt = scene.issue([word(alice, make_id(1), 10), word(alice, make_id(1), 10), word(alice, make_id(2), 5)])

    assert scene.events(receipt, "RewardIssuer", "BatchIssued") == [
        {
            "minter": scene.people["minter"],
            "edition": 1,
            "receiptsRoot": ROOT,
            "count": 3,
            "unitsMinted": 15,
            "skipped": 1,
        }
    ]


def test_refuses_an_empty_batch_and_one_word_too_many(scene, issuer):
    assert refusals(scene, issuer, []) == ("RewardIssuer_BatchSizeRefused", (0, 300))
    assert refusals(scene, issuer, words_of(301, 1)) == ("RewardIssuer_BatchSizeRefused", (301, 300))
    assert refusals(scene, issuer, words_of(300, 1)) is None


def test_refuses_a_word_above_the_item_limit(scene, issuer):
    assert refusals(scene, issuer, words_of(1, 10_001)) == ("EcoToken_ItemUnitsRefused", (10_001, 10_000))
    assert refusals(scene, issuer, words_of(1, 10_000)) is None


def test_refuses_a_batch_above_the_batch_limit(scene, issuer):
    words = [*words_of(10, 10_000), word(citizen(50), make_id(50), 1)]

    assert refusals(scene, issuer, words) == ("RewardIssuer_BatchTooLarge", (100_001, 100_000))
    assert refusals(scene, issuer, words_of(10, 10_000)) is None


@pytest.mark.parametrize("edition", [0, 2, 2**32 - 1])
def test_refuses_an_edition_that_is_not_usable(scene, issuer, edition):
    assert refusals(scene, issuer, words_of(1, 1), edition) == ("RewardIssuer_EditionNotUsable", (edition,))


def test_refuses_a_suspended_edition(scene, issuer):
    scene.send("guardian", scene.at("RuleBook").functions.suspend(1))

    assert refusals(scene, issuer, words_of(1, 1)) == ("RewardIssuer_EditionNotUsable", (1,))


def test_the_minters_bucket_runs_dry_and_fills_with_time(scene, issuer):
    scene.issue(words_of(10, 10_000))
    scene.issue(words_of(5, 10_000, first=100))
    minter = scene.people["minter"]

    name, arguments = refusals(scene, issuer, words_of(1, 10_000, first=200))

    assert name == "RewardIssuer_MinterBudgetExceeded"
    assert arguments[0] == minter.lower()
    assert arguments[2] < 10
    scene.pass_time(8_640)
    # A tenth of the window fills a tenth of 150,000.
    assert 15_000 <= issuer.functions.availableUnits(minter).call() <= 15_010


def test_a_bucket_gives_all_that_it_holds_and_no_more(scene, issuer):
    scene.send("guardian", issuer.functions.lowerLimits(change(issuer, minter=50_000)))

    assert refusals(scene, issuer, words_of(5, 10_000)) is None
    assert refusals(scene, issuer, [*words_of(5, 10_000), word(citizen(9), make_id(9), 1)])[0] == (
        "RewardIssuer_MinterBudgetExceeded"
    )


def test_the_common_bucket_bounds_all_minters_together(scene, issuer):
    manager = scene.at("PointsAccessManager")
    second = scene.web3.eth.accounts[15]
    scene.send("keymaster", manager.functions.grantRole(2, second, 0))
    scene.send("guardian", issuer.functions.lowerLimits(change(issuer, everybody=110_000)))
    scene.issue(words_of(10, 10_000))

    words = words_of(2, 10_000, first=100)
    for call in (issuer.functions.issue(1, ROOT, words), issuer.functions.dryRun(second, 1, words)):
        name, arguments = scene.refusal(second, call)
        assert name == "RewardIssuer_GlobalBudgetExceeded"
        assert arguments[0] == 20_000


def test_time_passed_fills_the_common_bucket_at_the_rate_of_then(scene, issuer):
    minter = scene.people["minter"]
    scene.send("guardian", issuer.functions.lowerLimits(change(issuer, everybody=110_000)))
    scene.issue(words_of(10, 10_000))
    scene.pass_time(8_640)
    # A tenth of the window gave back a tenth of 110,000, beside the 10,000 that were left.
    before = issuer.functions.availableUnits(minter).call()
    assert 21_000 <= before <= 21_010

    # Ten times slower from now on, not for what has passed.
    scene.send("guardian", issuer.functions.lowerLimits(change(issuer, window=864_000)))

    assert before <= issuer.functions.availableUnits(minter).call() <= before + 10


def test_a_batch_sent_again_costs_the_buckets_nothing(scene, issuer):
    minter = scene.people["minter"]
    scene.issue(words_of(10, 10_000))
    before = issuer.functions.availableUnits(minter).call()

    receipt = scene.issue(words_of(10, 10_000))

    assert receipt.status == 1
    assert issuer.functions.availableUnits(minter).call() >= before


def test_refuses_who_is_no_minter_and_a_revoked_one(scene, issuer):
    for who in ("deployer", "guardian", "rules", "treasurer"):
        assert scene.refusal(who, issuer.functions.issue(1, ROOT, words_of(1, 1)))[0] == "AccessManagedUnauthorized"
    manager = scene.at("PointsAccessManager")

    scene.send("keymaster", manager.functions.revokeRole(2, scene.people["minter"]))

    assert refusals(scene, issuer, words_of(1, 1))[0] == "AccessManagedUnauthorized"


def test_the_dry_run_tells_what_the_call_mints(scene, issuer, alice):
    scene.issue([word(alice, make_id(1), 10)])
    words = [word(alice, make_id(i), 10 + i) for i in (1, 2, 3, 2)]

    dry = issuer.functions.dryRun(scene.people["minter"], 1, words).call()

    assert dry == issuer.functions.issue(1, ROOT, words).call({"from": scene.people["minter"]}) == [25, 2]


@pytest.mark.parametrize(
    "looser",
    [
        {"item": 10_001},
        {"items": 301},
        {"batch": 100_001},
        {"window": 86_399},
        {"minter": 150_001},
        {"everybody": 200_001},
    ],
)
def test_the_guardian_only_lowers(scene, issuer, looser):
    assert scene.refusal("guardian", issuer.functions.lowerLimits(change(issuer, **looser)))[0] == (
        "RewardIssuer_LimitsRefused"
    )
    assert scene.refusal("deployer", issuer.functions.setLimits(change(issuer, **looser))) is None
    assert scene.refusal("guardian", issuer.functions.setLimits(change(issuer)))[0] == "AccessManagedUnauthorized"


def test_lowering_may_leave_each_limit_as_it_is(scene, issuer):
    assert scene.refusal("guardian", issuer.functions.lowerLimits(change(issuer))) is None


@pytest.mark.parametrize("name", ["item", "items", "batch", "window", "minter", "everybody"])
def test_no_limit_is_zero(scene, issuer, name):
    assert scene.refusal("deployer", issuer.functions.setLimits(change(issuer, **{name: 0})))[0] == (
        "RewardIssuer_LimitsRefused"
    )


def test_lowering_takes_effect_at_once(scene, issuer):
    lower = change(issuer, item=5, items=2, batch=7, window=90_000, minter=8, everybody=9)
    scene.send("guardian", issuer.functions.lowerLimits(lower))

    assert tuple(issuer.functions.limitsOf().call()) == lower
    assert refusals(scene, issuer, words_of(1, 6))[0] == "EcoToken_ItemUnitsRefused"
    assert refusals(scene, issuer, words_of(3, 1))[0] == "RewardIssuer_BatchSizeRefused"
    assert refusals(scene, issuer, words_of(2, 4))[0] == "RewardIssuer_BatchTooLarge"
    assert issuer.functions.availableUnits(scene.people["minter"]).call() == 8


def test_a_new_issuer_keeps_old_ids_refused(scene, alice):
    """Issuer migration: the bitmap lives in the token."""
    scene.issue([word(alice, make_id(1), 10)])
    replaced = scene.replace_issuer()

    receipt = replaced.issue([word(alice, make_id(1), 10), word(alice, make_id(2), 5)])

    assert receipt.status == 1
    assert replaced.at("EcoToken").functions.balanceOf(alice).call() == 15
    old = scene.refusal("minter", scene.at("RewardIssuer").functions.issue(1, ROOT, [word(alice, make_id(3), 5)]))
    assert old is not None
