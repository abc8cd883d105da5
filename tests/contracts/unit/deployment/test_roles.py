"""Role × function: each function that changes state, called by each role and a stranger, refuses all but its own."""

import pytest
from chain import roles

ZERO = {"address": "0x" + "00" * 19 + "01", "bool": False}
MANIFEST = roles.load(roles.FOLDER / "local.json")
FUNCTIONS = [(contract, signature) for contract in MANIFEST.functions for signature in MANIFEST.functions[contract]]
REFUSED = {"AccessManagedUnauthorized", "EcoToken_CallerRefused"}


def default_of(part):
    kind = part["type"]
    if kind.endswith("[]"):
        return []
    if kind == "tuple":
        return tuple(default_of(field) for field in part["components"])
    if kind.startswith("bytes"):
        return b"\0" * 32
    return ZERO.get(kind, 0)


def call_of(scene, contract, signature):
    bound = scene.at(contract)
    item = next(i for i in bound.abi if i["type"] == "function" and roles.signature_of(i) == signature)
    return bound.get_function_by_signature(signature)(*[default_of(part) for part in item["inputs"]])


@pytest.mark.parametrize(("contract", "signature"), FUNCTIONS, ids=lambda value: value.split("(")[0])
def test_only_its_role_may_call(scene, contract, signature):
    wanted = MANIFEST.functions[contract][signature]
    call = call_of(scene, contract, signature)
    stranger = scene.web3.eth.accounts[19]

    allowed = set()
    for name, role in MANIFEST.roles.items():
        refused = scene.refusal(role.members[0].account, call)
        # A delayed member is told to schedule first, which is not the refusal of a stranger.
        if refused is None or refused[0] not in REFUSED:
            allowed.add(name)

    refused = scene.refusal(stranger, call)
    is_open_to_strangers = refused is None or refused[0] not in REFUSED
    assert is_open_to_strangers == (wanted == roles.OPEN)
    assert allowed == (set(MANIFEST.roles) if wanted == roles.OPEN else {wanted} & set(MANIFEST.roles))


def test_the_manifest_names_every_function_that_changes_state(scene):
    for contract in roles.CONTRACTS:
        roles.check_covers(MANIFEST, contract, scene.at(contract).abi)
