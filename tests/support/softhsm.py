"""A SoftHSM token of its own for one test session (`make test-hsm`)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

LABEL = "calanque-test"
PIN = "246810"
_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@pytest.fixture(scope="session")
def hsm_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Path of the SoftHSM library, with one fresh token; fails when it is not installed."""
    module = next((Path(place) for place in _PLACES if Path(place).exists()), None)
    tool = shutil.which("softhsm2-util")
    if module is None or tool is None:
        pytest.fail("Install SoftHSM: `apt-get install softhsm2` or `brew install softhsm`.")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    subprocess.run(
        [tool, "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "13579"],
        check=True,
        capture_output=True,
    )
    yield module
    del os.environ["SOFTHSM2_CONF"]
