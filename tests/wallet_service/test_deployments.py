from pathlib import Path

import pytest

from tests.support.clock import FrozenClock
from tests.support.wallets import CHAIN_ID, CONTRACTS, GENESIS, OTHER_GENESIS, InProcessWallet
from wallet_service.limits import PinnedDeployment, Policy

MOVED = CONTRACTS | {"EcoToken": "0x" + "aa" * 20}


def _with(policy: Policy, **changes: object) -> Policy:
    return Policy.model_validate(policy.model_dump() | changes)


def test_pinning_again_is_harmless_and_moving_is_refused(issuance: InProcessWallet) -> None:
    assert issuance.pin().status_code == 200
    assert issuance.pin(contracts=MOVED).json()["code"] == "deployment_differs"
    assert issuance.pin().status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"chain_id": 1}, "chain_denied"),
        ({"contracts": {"EcoToken": "0x" + "01" * 20}}, "contracts_incomplete"),
        ({"contracts": CONTRACTS | {"RuleBook": CONTRACTS["EcoToken"]}}, "contracts_incomplete"),
        ({"contracts": CONTRACTS | {"Bank": "0x" + "09" * 20}}, "body_malformed"),
        ({"genesis_hash": "0x00"}, "body_malformed"),
    ],
)
def test_refuses_to_pin(issuance: InProcessWallet, changes: dict[str, object], code: str) -> None:
    assert issuance.pin(**changes).json()["code"] == code


def test_a_real_chain_has_one_genesis(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    strict = _with(issuance.wallet.policy, disposable_chain_ids=())
    real = InProcessWallet(tmp_path, policy=strict, clock=clock)

    answers = [real.pin().status_code, real.pin(genesis_hash=OTHER_GENESIS).json()["code"]]
    real.close()

    assert answers == [200, "chain_pinned"]


def test_the_policy_file_may_fix_the_deployment(tmp_path: Path, issuance: InProcessWallet) -> None:
    written = PinnedDeployment(
        chain_id=CHAIN_ID,
        genesis_hash=GENESIS,
        contracts=CONTRACTS,  # type: ignore[arg-type]
    )
    strict = _with(issuance.wallet.policy, deployments=(written.model_dump(),))
    (tmp_path / "strict").mkdir()
    fixed = InProcessWallet(tmp_path / "strict", policy=strict)

    refused = [
        fixed.pin(contracts=MOVED).json()["code"],
        fixed.pin(genesis_hash=OTHER_GENESIS).json()["code"],
    ]
    granted = fixed.pin().status_code
    fixed.close()

    assert refused == ["deployment_denied"] * 2
    assert granted == 200


def test_pins_are_kept_over_a_restart(
    tmp_path: Path, clock: FrozenClock, issuance: InProcessWallet
) -> None:
    issuance.close()
    again = InProcessWallet(tmp_path, clock=clock)

    answers = [again.sign().status_code, again.pin(contracts=MOVED).status_code]
    again.close()

    assert answers == [200, 409]
