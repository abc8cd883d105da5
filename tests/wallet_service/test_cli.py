import json
import socket
from pathlib import Path

import pytest

from wallet_service import cli, server
from wallet_service.errors import StartupError
from wallet_service.limits import Instance
from wallet_service.settings import WalletSettings, read_policy, read_settings
from wallet_service.signing import local
from wallet_service.store import Store, read_meta, write_meta


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "wallet.toml"
    path.write_text(
        f"""
instance = "issuance"
socket = "{tmp_path}/wallet.sock"
store = "{tmp_path}/wallet.db"
kek_file = "{tmp_path}/keys/kek.json"
"""
    )
    return path


def run(config: Path, *arguments: str) -> int:
    return cli.main([*arguments, "--config", str(config)])


def test_init_makes_private_files_and_prints_addresses(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(config, "init") == 0

    addresses = json.loads(capsys.readouterr().out)
    assert set(addresses) == {
        "minter",
        "rules",
        "registrar",
        "treasurer",
        "relayer",
        "recoverer",
    }
    assert (tmp_path / "keys/kek.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "wallet.db").stat().st_mode & 0o777 == 0o600
    assert run(config, "keys") == 0
    assert json.loads(capsys.readouterr().out) == addresses


def test_init_does_not_make_a_new_kek_beside_an_old_store(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(config, "init")
    (tmp_path / "keys/kek.json").unlink()

    assert run(config, "init") == 1
    assert "bring the file back" in capsys.readouterr().err


def test_freeze_and_unfreeze(tmp_path: Path, config: Path) -> None:
    run(config, "init")

    frozen = []
    for command in ("freeze", "freeze", "unfreeze", "unfreeze"):
        assert run(config, command) == 0
        store = Store(tmp_path / "wallet.db")
        with store.transaction() as session:
            frozen.append(read_meta(session, "frozen"))
        store.dispose()

    assert frozen == [b"1", b"1", None, None]


def test_rotation_by_command_keeps_the_keys(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(config, "init")
    before = (tmp_path / "keys/kek.json").read_text()
    addresses = capsys.readouterr().out

    assert run(config, "rotate-kek") == 0

    assert (tmp_path / "keys/kek.json").read_text() != before
    run(config, "init")
    assert capsys.readouterr().out == addresses


@pytest.mark.parametrize("command", ["keys", "rotate-kek", "freeze", "serve"])
def test_commands_without_a_store_say_what_to_run(
    config: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(config, command) == 1
    assert "init" in capsys.readouterr().err


def test_move_to_hsm_needs_a_key_and_a_token(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(config, "move-to-hsm") == 1
    assert "--key" in capsys.readouterr().err
    assert run(config, "move-to-hsm", "--key", "minter") == 1
    assert "PKCS11_MODULE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('instance = "bank"', "instance"),
        ("not toml", "not TOML"),
        ('instance = "issuance"', "socket"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wallet.toml"
    path.write_text(text)

    with pytest.raises(StartupError, match=message):
        read_settings(path)


def test_missing_settings_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WALLET_STORE", raising=False)

    with pytest.raises(StartupError, match="store"):
        read_settings(None)
    with pytest.raises(StartupError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [("instance = 5", "instance"), ("[[", "not TOML"), (None, "cannot be read")],
)
def test_a_wrong_policy_file_stops_the_start(
    tmp_path: Path, text: str | None, message: str
) -> None:
    policy_file = tmp_path / "policy.toml"
    if text is not None:
        policy_file.write_text(text)

    with pytest.raises(StartupError, match=message):
        read_policy(_settings(tmp_path, policy_file=policy_file))


def test_the_other_instance_s_policy_stops_the_start(tmp_path: Path) -> None:
    guardian = Path(server.__file__).parent / "policies/guardian.toml"

    with pytest.raises(StartupError, match="guardian"):
        read_policy(_settings(tmp_path, policy_file=guardian))


def test_starting_without_coincurve_fails_loudly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "get_backend", object)

    with pytest.raises(StartupError, match="coincurve"):
        server.open_wallet(_settings(tmp_path), {})


def test_a_store_of_another_version_stops_the_start(tmp_path: Path) -> None:
    store = Store(tmp_path / "wallet.db")
    with store.transaction() as session:
        write_meta(session, "schema", b"99")
    store.dispose()

    with pytest.raises(StartupError, match="99"):
        Store(tmp_path / "wallet.db")


def test_a_socket_that_nobody_serves_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()

    listener = server.listen(path)

    assert path.stat().st_mode & 0o777 == 0o600
    listener.close()


def test_a_served_socket_and_a_plain_file_are_left_alone(tmp_path: Path) -> None:
    served, plain = tmp_path / "served", tmp_path / "plain"
    plain.write_text("")
    listener = server.listen(served)

    with pytest.raises(StartupError, match="answers on"):
        server.listen(served)
    with pytest.raises(StartupError, match="not a socket"):
        server.listen(plain)
    listener.close()


def test_a_socket_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="Cannot listen"):
        server.listen(tmp_path / ("x" * 200))


def _settings(folder: Path, **changes: object) -> WalletSettings:
    return WalletSettings(
        **{  # type: ignore[arg-type]
            "instance": Instance.ISSUANCE,
            "socket": folder / "s",
            "store": folder / "wallet.db",
            "kek_file": folder / "kek.json",
        }
        | changes
    )
