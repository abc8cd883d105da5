"""The packaged policies fit the contracts and their roles, as the committed files say them."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from wallet_service.keyring import LABELS
from wallet_service.limits import Instance, Policy

MANIFEST = json.loads((ROOT / "scripts/chain/manifest/local.json").read_text())
POLICIES = {
    instance: Policy.model_validate(
        tomllib.loads((ROOT / f"wallet_service/policies/{instance}.toml").read_text())
    )
    for instance in Instance
}
RULES = [
    pytest.param(rule, id=f"{rule.key}-{rule.signature.partition('(')[0]}")
    for policy in POLICIES.values()
    for rule in policy.calls
]
ROLE_OF_KEY = {"relayer": "OPEN"}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_calls_a_function_that_its_key_s_role_may_call(rule: "object") -> None:
    functions = MANIFEST["functions"].get(rule.contract)  # type: ignore[attr-defined]
    # The manager is OpenZeppelin's own: it asks the role of the call that it is handed.
    call = rule.signature if functions else "recover(address,address)"  # type: ignore[attr-defined]
    role = (functions or MANIFEST["functions"]["EcoToken"])[call]

    assert role == ROLE_OF_KEY.get(rule.key, rule.key.upper())  # type: ignore[attr-defined]


@pytest.mark.parametrize("instance", list(Instance))
def test_each_rule_is_for_a_key_of_the_instance(instance: Instance) -> None:
    assert {rule.key for rule in POLICIES[instance].calls} == set(LABELS[instance])


def test_the_minter_s_ceilings_stay_within_the_contracts() -> None:
    rule = next(rule for rule in POLICIES[Instance.ISSUANCE].calls if rule.key == "minter")
    limits = MANIFEST["settings"]["issuer_limits"]

    assert rule.units_per_item_max <= limits["item_units"]
    assert rule.items_per_call_max <= limits["batch_items"]
    assert rule.units_per_call_max <= limits["batch_units"]
    # A bucket allows its capacity and one refill in a day.
    assert rule.units_per_day_max <= 2 * limits["minter_capacity_units"]


def test_the_guardian_moves_no_units_and_signs_no_payment() -> None:
    policy = POLICIES[Instance.GUARDIAN]

    assert all(rule.units_per_call_max == 0 for rule in policy.calls)
    assert policy.spend is None


@pytest.mark.parametrize("instance", list(Instance))
def test_only_the_development_chain_is_disposable(instance: Instance) -> None:
    assert set(POLICIES[instance].disposable_chain_ids) <= {31337}
    assert Path(ROOT / f"wallet_service/policies/{instance}.toml").exists()
