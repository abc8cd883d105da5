"""A private anvil for measurements and drills: hardfork pinned, free port, stopped with its owner."""

import platform
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception

from chain.target import ROOT

START_TIMEOUT_S = 15


@contextmanager
def anvil(*options: str) -> Iterator[Web3]:
    """Run a development node that mines each transaction at once; yield a client of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(_binary()), "--port", str(port), "--hardfork", "osaka", "--silent", "--accounts", "20", *options]
    process = subprocess.Popen(command)
    try:
        web3 = Web3(HTTPProvider(f"http://127.0.0.1:{port}", request_kwargs={"timeout": 60}))
        _wait_until_up(web3)
        yield web3
    finally:
        process.terminate()
        process.wait(timeout=10)


def _binary() -> object:
    machine = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    return ROOT / f"node_modules/@foundry-rs/anvil-{platform.system().lower()}-{machine}/bin/anvil"


def _wait_until_up(web3: Web3) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            if web3.eth.chain_id:
                return
        except (OSError, Web3Exception):
            time.sleep(0.05)
    raise TimeoutError("anvil did not start")
