"""No batch that the backend can build passes the gas limit of one transaction (EIP-7825); anvil does not enforce it.

Sizes are read from the backend's sources (the two environments share no packages); each batch is the dearest of its
kind: every account, merchant and bitmap word is touched for the first time.
"""

import ast

import pytest
from chain.scene import GAS_CAP, citizen, deploy_scene, make_id, word
from chain.target import ROOT
from eth_account import Account
from eth_utils import keccak

RESERVED_PERCENT = 85
"""The backend never asks for more than this share of the cap: backend/jobs/reserve.py."""
USABLE_GAS = GAS_CAP * RESERVED_PERCENT // 100


def constants(*places):
    """Whole-number constants of modules, by name."""
    found = {}
    for path in (path for place in places for path in sorted(ROOT.glob(place))):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                found |= {target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)}
    return found


def largest_setting(name):
    """The upper bound (`le`) of a setting of the backend."""
    for node in ast.walk(ast.parse((ROOT / "backend/settings.py").read_text())):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return next(word.value.value for word in node.value.keywords if word.arg == "le")
    raise LookupError(name)


SIZES = constants("backend/jobs/steps/*.py")
REFUNDS = SIZES.get("MAX_REFUNDS", SIZES["MAX_CASH_OUTS"])


@pytest.fixture
def shipped(scene):
    """The limits of the manifest, with a payout budget that no batch here reaches."""
    return deploy_scene(scene.web3)


@pytest.fixture
def paid(shipped):
    """As many payments as one batch holds, each of a new citizen to a new merchant, not sent yet."""
    count = SIZES["MAX_SPENDS"]
    keys = [Account.from_key(keccak(text=f"payer {i}")) for i in range(count)]
    assert shipped.issue([word(key.address, make_id(i), 1_000) for i, key in enumerate(keys)]).status == 1
    desk = shipped.at("RedemptionDesk").functions
    for merchant in range(1, count + 1):
        shipped.send("registrar", desk.registerMerchant(merchant, 10**6))
    return [shipped.sign_spend(key, 1 + i, 900, i) for i, key in enumerate(keys)]


def test_the_reserve_of_the_backend_is_the_one_assumed_here():
    tree = ast.parse((ROOT / "backend/jobs/reserve.py").read_text())
    (limit,) = [n for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "GAS_LIMIT"]

    assert ast.unparse(limit.value) == f"MAX_TX_GAS * {RESERVED_PERCENT} // 100"
    assert constants("backend/chain/node.py")["MAX_TX_GAS"] == GAS_CAP


def test_the_dearest_mint_batch_fits(shipped):
    count = min(largest_setting("batch_max_items"), shipped.manifest.settings["issuer_limits"]["batch_items"])
    words = [word(citizen(10_000 + i), make_id(256 * (1 + i)), 10) for i in range(count)]

    receipt = shipped.issue(words)

    assert receipt.status == 1
    assert receipt.gasUsed <= USABLE_GAS


def test_the_dearest_batch_that_the_contract_accepts_fits_the_cap(shipped):
    count = shipped.manifest.settings["issuer_limits"]["batch_items"]
    words = [word(citizen(20_000 + i), make_id(256 * (1 + i)), 10) for i in range(count)]

    receipt = shipped.issue(words)

    assert receipt.status == 1
    assert receipt.gasUsed <= GAS_CAP


def test_the_dearest_batches_of_payments_refunds_and_cash_outs_fit(shipped, paid):
    desk, token = shipped.at("RedemptionDesk").functions, shipped.at("EcoToken").functions
    refunds = [(p[0], p[0], 400, p[2], p[5], p[6], keccak(text=f"refund {i}")) for i, p in enumerate(paid[:REFUNDS])]
    cash_outs = [(p[2], 500, keccak(text=f"payout {i}")) for i, p in enumerate(paid[: SIZES["MAX_CASH_OUTS"]])]
    # A refusal is not free: the desk writes its books, asks the token and puts them back.
    shipped.send("guardian", token.pauseSpend())
    refused = shipped.send("deployer", desk.spendBatch(paid))
    shipped.send("deployer", token.unpauseSpend())

    receipts = [
        ("SpendRefused", len(paid), refused),
        ("Spent", len(paid), shipped.send("deployer", desk.spendBatch(paid))),
        ("Refunded", len(refunds), shipped.send("treasurer", desk.refundBatch(refunds))),
        ("CashedOut", len(cash_outs), shipped.send("treasurer", desk.cashOutBatch(cash_outs))),
    ]

    for event, count, receipt in receipts:
        assert len(shipped.events(receipt, "RedemptionDesk", event)) == count
        assert receipt.gasUsed <= USABLE_GAS
