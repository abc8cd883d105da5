"""Brownie's and forge's bytecode are equal, the committed ABIs are the compiled ones, and code fits EIP-170."""

import json
import os
import platform
import subprocess

import pytest
from chain import export_abi
from chain.target import ROOT, artifact

CODE_LIMIT = 24_576


@pytest.fixture(scope="module")
def forge_out(tmp_path_factory):
    machine = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    forge = ROOT / f"node_modules/@foundry-rs/forge-{platform.system().lower()}-{machine}/bin/forge"
    home = tmp_path_factory.mktemp("home")
    # A folder of its own: `forge lint` leaves artifacts without bytecode in the usual one.
    out = ROOT / "build" / "forge-bytecode"
    command = [forge, "build", "contracts", "--out", out, "--cache-path", ROOT / "build" / "forge-bytecode-cache"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "HOME": str(home)}, check=True)
    return out


def without_metadata(bytecode):
    """Cut the trailing CBOR: it hashes the list of sources, which the two tools name differently."""
    code = bytes.fromhex(bytecode.removeprefix("0x"))
    marker = code.rfind(b"\xa2\x64ipfs")
    assert marker > 0
    return code[:marker]


@pytest.mark.parametrize("name", export_abi.EXPORTED)
def test_brownie_and_forge_build_the_same_bytecode(forge_out, name):
    forged = json.loads((forge_out / f"{name}.sol" / f"{name}.json").read_text())

    assert without_metadata(artifact(name)["bytecode"]) == without_metadata(forged["bytecode"]["object"])
    assert len(bytes.fromhex(artifact(name)["deployedBytecode"])) <= CODE_LIMIT


def test_the_committed_abis_are_the_compiled_ones():
    assert export_abi.stale() == []
