"""The real process over its real socket."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from backend.jobs.wallet_client import (
    SigningRefusedError,
    WalletClient,
    WalletUnavailableError,
)
from tests.support.processes import ServerProcess
from tests.support.waiting import listens, wait_for
from tests.support.wallets import CHAIN_ID, CONTRACTS, GENESIS, transaction
from wallet_service import cli
from wallet_service.clock import SystemClock

START_S = 60


def environment(folder: Path, instance: str = "issuance") -> dict[str, str]:
    return {
        "WALLET_INSTANCE": instance,
        "WALLET_SOCKET": str(folder / "wallet.sock"),
        "WALLET_STORE": str(folder / "wallet.db"),
        "WALLET_KEK_FILE": str(folder / "kek.json"),
    }


def opened(env: dict[str, str]) -> httpx2.Client:
    transport = httpx2.HTTPTransport(uds=env["WALLET_SOCKET"])
    return httpx2.Client(transport=transport, base_url="http://wallet", timeout=30)


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    # Commands run in this process, since importing them anew takes seconds; only the
    # service itself is a process of its own.
    variables = environment(tmp_path)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    return variables


@pytest.fixture
def client(env: dict[str, str]) -> Iterator[httpx2.Client]:
    with opened(env) as own:
        yield own


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], Path]]:
    folder = tmp_path_factory.mktemp("running")
    variables = environment(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, text in variables.items():
            patch.setenv(name, text)
        assert cli.main(["init"]) == 0
    with opened(variables) as own:
        process = started(variables, own, folder / "log")
    yield variables, folder / "log"
    process.stop()


def started(env: dict[str, str], client: httpx2.Client, log: Path) -> ServerProcess:
    process = ServerProcess(["python", "-m", "wallet_service"], log=log, env=env).start()
    path = Path(env["WALLET_SOCKET"])

    def answers() -> bool:
        assert process.exit_status is None, process.output()
        return listens(path) and client.get("/v1/health").status_code == 200

    wait_for(answers, what="the wallet answers", timeout_s=START_S)
    return process


def pin(client: httpx2.Client) -> None:
    body = {"chain_id": CHAIN_ID, "genesis_hash": GENESIS, "contracts": CONTRACTS}
    assert client.put("/v1/policy/deployment", json=body).status_code == 200


def test_serves_on_a_private_socket_survives_a_kill_and_ends_cleanly(
    tmp_path: Path,
    env: dict[str, str],
    client: httpx2.Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cli.main(["init"])
    addresses = json.loads(capsys.readouterr().out)
    body = transaction()

    process = started(env, client, tmp_path / "log")
    mode = Path(env["WALLET_SOCKET"]).stat().st_mode & 0o777
    refused = [cli.main([command]) for command in ("serve", "rotate-kek")]
    reasons = capsys.readouterr().err
    pin(client)
    before = client.post("/v1/transactions", json=body).json()
    process.kill()
    again = started(env, client, tmp_path / "log")
    after = client.post("/v1/transactions", json=body).json()
    again.send_signal(signal.SIGTERM)
    status = again.wait(timeout_s=10)

    assert mode == 0o600
    assert refused == [1, 1]
    assert reasons.count("already uses") == 2
    assert before == after
    assert before["sender"] == addresses["minter"]
    assert status == 0
    assert not Path(env["WALLET_SOCKET"]).exists()


def test_parallel_clients_of_one_request_get_one_answer(
    running: tuple[dict[str, str], Path],
) -> None:
    variables, _log = running
    answers: list[str] = []
    body = transaction()

    def ask() -> None:
        with opened(variables) as own:
            answers.append(own.post("/v1/transactions", json=body).text)

    with opened(variables) as own:
        pin(own)
        rows_before = own.get("/v1/health").json()["journal_rows"]
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = own.get("/v1/health").json()["journal_rows"]

    assert len(answers) == 20
    assert len(set(answers)) == 1
    assert rows == rows_before + 1


def test_the_backend_s_client_speaks_the_same_schema(
    running: tuple[dict[str, str], Path],
) -> None:
    variables, _log = running
    backend = WalletClient(Path(variables["WALLET_SOCKET"]))
    genesis = "0x" + "ee" * 32
    body = transaction(genesis_hash=genesis)
    payment = {
        "request_id": "payment-of-the-client",
        "chain_id": CHAIN_ID,
        "genesis_hash": genesis,
        "units": 1_000,
        "merchant_id": 2**64 - 1,
        "payment_ref": "0x" + "31" * 32,
        "salt": "0x" + "32" * 32,
        "valid_after": 0,
        "valid_before": int(SystemClock().now().timestamp()) + 40 * 86_400,
    }

    backend.pin_deployment(chain_id=CHAIN_ID, genesis_hash=genesis, contracts=CONTRACTS)
    address = backend.create_account(
        request_id="account-of-the-client", account_ref="client", genesis_hash=genesis
    ).address
    signed = backend.sign_transaction(body)
    authorised = backend.sign_authorisation(payment | {"address": address})
    entries = backend.journal(genesis_hash=genesis, key="minter", from_nonce=0)
    with pytest.raises(SigningRefusedError):
        backend.sign_transaction(body | {"request_id": "other", "to": CONTRACTS["RuleBook"]})
    with pytest.raises(WalletUnavailableError):
        # More than the day's fees: 429, so the work waits.
        for nonce in range(1, 20):
            backend.sign_transaction(
                transaction(
                    genesis_hash=genesis,
                    nonce=nonce,
                    key="minter",
                    gas=14_000_000,
                    max_fee_per_gas_wei=500 * 10**9,
                )
            )
    backend.close()

    assert signed.sender == backend_key(variables, "minter")
    assert authorised.v in {27, 28}
    assert [entry.nonce for entry in entries] == [0]


def backend_key(variables: dict[str, str], label: str) -> str:
    with opened(variables) as own:
        keys = own.get("/v1/keys").json()["keys"]
    return str(next(key["address"] for key in keys if key["label"] == label))


def test_the_log_of_refusals_says_why_and_holds_no_secret(
    running: tuple[dict[str, str], Path],
) -> None:
    variables, log = running
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.connect(variables["WALLET_SOCKET"])
        raw.sendall(
            b'POST /v1/transactions HTTP/1.1\r\nhost: w\r\ncontent-length: 9\r\n\r\n{"broken"'
        )
        answer = raw.recv(4096)
    with opened(variables) as own:
        own.post("/v1/transactions", json=transaction(genesis_hash="0x" + "99" * 32))

    kek = json.loads(Path(variables["WALLET_KEK_FILE"]).read_text())
    assert b" 422 " in answer
    assert "deployment_not_pinned" in log.read_text()
    assert all(secret not in log.read_text() for secret in kek["keys"].values())


def test_one_instance_does_not_start_on_the_other_s_store(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WALLET_INSTANCE", "guardian")
    assert cli.main(["init"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["guardian"]
    monkeypatch.setenv("WALLET_INSTANCE", "issuance")

    assert cli.main(["serve"]) == 1
    assert "belongs to the guardian" in capsys.readouterr().err
