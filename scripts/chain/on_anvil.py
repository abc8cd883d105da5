"""Pytest plugin: run the contracts' tests without Brownie's compiler, on an anvil and artifacts of forge.

`pytest -p chain.on_anvil -p no:pytest-brownie` with CALANQUE_FORGE_OUT naming a folder that `forge build` wrote. The
tests only ask Brownie where its chain is; mutation testing compiles each mutant once, with forge, and needs no more.
"""

import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import brownie
import pytest

from chain import export_abi, target
from chain.node import anvil

_open = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the node, hand it to Brownie's client, and put forge's artifacts where the scripts look."""
    del config
    folder = Path(_open.enter_context(tempfile.TemporaryDirectory()))
    for name in export_abi.EXPORTED:
        forged = json.loads((Path(os.environ["CALANQUE_FORGE_OUT"]) / f"{name}.sol" / f"{name}.json").read_text())
        code = {"bytecode": forged["bytecode"]["object"], "deployedBytecode": forged["deployedBytecode"]["object"]}
        (folder / f"{name}.json").write_text(json.dumps({"abi": forged["abi"], **code}))
    target.ARTIFACTS = folder
    node = _open.enter_context(anvil("--gas-limit", "60000000"))
    brownie.web3.connect(node.provider.endpoint_uri)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the node."""
    del config
    _open.close()
