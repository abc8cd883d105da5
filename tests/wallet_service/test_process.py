"""The real process over its real socket."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.processes import ROOT, ServerProcess
from tests.support.waiting import wait_for
from tests.support.wallets import CHAIN_ID, CONTRACTS, GENESIS, transaction

START_S = 60


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {
        "WALLET_INSTANCE": "issuance",
        "WALLET_SOCKET": str(tmp_path / "wallet.sock"),
        "WALLET_STORE": str(tmp_path / "wallet.db"),
        "WALLET_KEK_FILE": str(tmp_path / "kek.json"),
    }


def run(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wallet_service", *arguments],
        env=os.environ | env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_S,
    )


@pytest.fixture
def client(env: dict[str, str]) -> Iterator[httpx2.Client]:
    transport = httpx2.HTTPTransport(uds=env["WALLET_SOCKET"])
    with httpx2.Client(transport=transport, base_url="http://wallet", timeout=30) as opened:
        yield opened


def started(env: dict[str, str], client: httpx2.Client, log: Path) -> ServerProcess:
    process = ServerProcess(["python", "-m", "wallet_service"], log=log, env=env).start()

    def answers() -> bool:
        assert process.exit_status is None, process.output()
        # Not with the client: it leaves a socket open when nobody listens yet.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(env["WALLET_SOCKET"])
        return client.get("/v1/health").status_code == 200

    wait_for(answers, what="the wallet answers", timeout_s=START_S)
    return process


def pin(client: httpx2.Client) -> None:
    body = {"chain_id": CHAIN_ID, "genesis_hash": GENESIS, "contracts": CONTRACTS}
    assert client.put("/v1/policy/deployment", json=body).status_code == 200


def test_serves_on_a_private_socket_survives_a_kill_and_ends_cleanly(
    tmp_path: Path, env: dict[str, str], client: httpx2.Client
) -> None:
    addresses = json.loads(run(env, "init").stdout)
    log = tmp_path / "log"
    body = transaction()

    process = started(env, client, log)
    mode = Path(env["WALLET_SOCKET"]).stat().st_mode & 0o777
    second = run(env)
    rotation = run(env, "rotate-kek")
    pin(client)
    before = client.post("/v1/transactions", json=body).json()
    process.kill()
    again = started(env, client, log)
    after = client.post("/v1/transactions", json=body).json()
    again.send_signal(signal.SIGTERM)
    status = again.wait(timeout_s=10)

    assert mode == 0o600
    assert second.returncode == rotation.returncode == 1
    assert "already uses" in second.stderr
    assert "already uses" in rotation.stderr
    assert before == after
    assert before["sender"] == addresses["minter"]
    assert status == 0
    assert not Path(env["WALLET_SOCKET"]).exists()
    assert json.loads(run(env, "keys").stdout) == addresses


def test_parallel_clients_of_one_request_get_one_answer(
    tmp_path: Path, env: dict[str, str], client: httpx2.Client
) -> None:
    run(env, "init")
    process = started(env, client, tmp_path / "log")
    pin(client)
    body = transaction()
    answers: list[str] = []

    def ask() -> None:
        transport = httpx2.HTTPTransport(uds=env["WALLET_SOCKET"])
        with httpx2.Client(transport=transport, base_url="http://wallet", timeout=30) as own:
            answers.append(own.post("/v1/transactions", json=body).text)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = client.get("/v1/health").json()["journal_rows"]
    process.stop()

    assert len(answers) == 20
    assert len(set(answers)) == 1
    assert rows == 1


def test_the_log_of_a_bug_and_of_refusals_holds_no_secret(
    tmp_path: Path, env: dict[str, str], client: httpx2.Client
) -> None:
    run(env, "init")
    log = tmp_path / "log"
    process = started(env, client, log)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.connect(env["WALLET_SOCKET"])
        raw.sendall(
            b'POST /v1/transactions HTTP/1.1\r\nhost: w\r\ncontent-length: 9\r\n\r\n{"broken"'
        )
        answer = raw.recv(4096)
    client.post("/v1/transactions", json=transaction())
    process.stop()

    kek = json.loads(Path(env["WALLET_KEK_FILE"]).read_text())
    assert b" 422 " in answer
    assert "deployment_not_pinned" in process.output()
    assert all(secret not in process.output() for secret in kek["keys"].values())


def test_the_same_program_is_the_guardian_elsewhere(
    tmp_path: Path, env: dict[str, str], client: httpx2.Client
) -> None:
    guardian = env | {"WALLET_INSTANCE": "guardian"}
    addresses = json.loads(run(guardian, "init").stdout)
    process = started(guardian, client, tmp_path / "log")
    keys = client.get("/v1/keys").json()["keys"]
    process.stop()
    as_issuance = run(env)

    assert list(addresses) == ["guardian"]
    assert keys == [{"label": "guardian", "address": addresses["guardian"]}]
    assert as_issuance.returncode == 1
    assert "belongs to the guardian" in as_issuance.stderr
