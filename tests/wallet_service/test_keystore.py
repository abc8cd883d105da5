import json
from pathlib import Path

import pytest

from tests.support.wallets import InProcessWallet
from wallet_service import keyring, models
from wallet_service.errors import StartupError
from wallet_service.keystore import AccountVault, KekRing, KeystoreCorruptError
from wallet_service.limits import Instance
from wallet_service.store import Store, read_meta


def test_what_is_sealed_opens_only_in_its_place() -> None:
    ring = KekRing.fresh()
    sealed = ring.seal(b"secret", place="here")

    assert ring.open(sealed, place="here") == b"secret"
    with pytest.raises(KeystoreCorruptError):
        ring.open(sealed, place="there")


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_any_changed_byte_of_a_seal_is_noticed(position: int) -> None:
    ring = KekRing.fresh()
    changed = bytearray(ring.seal(b"secret", place="here"))
    changed[position] ^= 1

    with pytest.raises(KeystoreCorruptError):
        ring.open(bytes(changed), place="here")


@pytest.mark.parametrize("sealed", [b"", b"\1", b"\1abcd", b"\2" + bytes(60)])
def test_a_seal_cut_short_is_noticed(sealed: bytes) -> None:
    with pytest.raises(KeystoreCorruptError):
        KekRing.fresh().open(sealed, place="here")
    with pytest.raises(KeystoreCorruptError):
        AccountVault(bytes(32)).open(sealed, place="here")


def test_two_stores_derive_different_keys_from_one_salt() -> None:
    one, two = AccountVault(b"\1" * 32), AccountVault(b"\2" * 32)
    salt = one.new_salt(place="here")

    assert one.account_secret(salt, place="here") == one.account_secret(salt, place="here")
    assert one.tombstone("alice") != two.tombstone("alice")
    with pytest.raises(KeystoreCorruptError):
        two.account_secret(salt, place="here")


def test_a_kek_file_is_private_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    ring = KekRing.fresh()

    ring.write(path)

    assert KekRing.read(path) == ring
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["kek.json"]


def test_a_kek_file_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    KekRing.fresh().write(path)
    path.chmod(0o640)

    with pytest.raises(StartupError, match="chmod 600"):
        KekRing.read(path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "no json",
        json.dumps({"current": "zz", "keys": {}}),
        json.dumps({"current": "00000000", "keys": {}}),
        json.dumps({"current": "00000000", "keys": {"00000000": "00"}}),
        json.dumps({"current": "00000000", "keys": []}),
        json.dumps({"current": 5, "keys": {"00000000": "00"}}),
    ],
)
def test_a_broken_kek_file_stops_the_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "kek.json"
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(StartupError, match="not a"):
        KekRing.read(path)


def test_a_missing_kek_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="init"):
        KekRing.read(tmp_path / "none.json")


def test_another_kek_does_not_open_the_store(tmp_path: Path, issuance: InProcessWallet) -> None:
    with pytest.raises(KeystoreCorruptError):
        keyring.open_vault(issuance.store, KekRing.fresh(), Instance.ISSUANCE)


def test_a_store_belongs_to_one_instance(issuance: InProcessWallet) -> None:
    ring = KekRing.read(issuance.kek_file)

    with pytest.raises(StartupError, match="issuance"):
        keyring.open_vault(issuance.store, ring, Instance.GUARDIAN)
    with pytest.raises(StartupError, match="issuance"):
        keyring.initialise(issuance.store, ring, Instance.GUARDIAN)


def test_a_store_without_keys_says_what_to_run(tmp_path: Path) -> None:
    store = Store(tmp_path / "empty.db")
    KekRing.fresh().write(tmp_path / "kek.json")

    with pytest.raises(StartupError, match="init"):
        keyring.open_vault(store, KekRing.fresh(), Instance.ISSUANCE)
    with pytest.raises(StartupError, match="no keys"):
        keyring.rotate_kek(store, tmp_path / "kek.json", Instance.ISSUANCE)
    store.dispose()


def test_a_key_row_with_another_address_stops_the_start(issuance: InProcessWallet) -> None:
    ring = KekRing.read(issuance.kek_file)
    with issuance.store.transaction() as session:
        session.get_one(models.ServiceKey, "minter").address = "0x" + "11" * 20

    with pytest.raises(KeystoreCorruptError):
        keyring.open_signers(issuance.store, ring, Instance.ISSUANCE, {})


def test_a_token_with_another_key_under_the_label_stops_the_start(
    issuance: InProcessWallet,
) -> None:
    ring = KekRing.read(issuance.kek_file)
    rules = issuance.wallet.signers["rules"]

    with pytest.raises(KeystoreCorruptError, match="another address"):
        keyring.open_signers(issuance.store, ring, Instance.ISSUANCE, {"minter": rules})


def test_init_again_keeps_every_key(issuance: InProcessWallet) -> None:
    before = keyring.addresses(issuance.store)

    again = keyring.initialise(issuance.store, KekRing.read(issuance.kek_file), Instance.ISSUANCE)

    assert again == before
    assert sorted(again) == ["minter", "recoverer", "registrar", "relayer", "rules", "treasurer"]


def test_rotation_forgets_the_old_kek(issuance: InProcessWallet) -> None:
    old = KekRing.read(issuance.kek_file)

    keyring.rotate_kek(issuance.store, issuance.kek_file, Instance.ISSUANCE)

    new = KekRing.read(issuance.kek_file)
    assert old.current not in new.keys
    assert len(new.keys) == 1
    assert len(keyring.open_signers(issuance.store, new, Instance.ISSUANCE, {})) == 6
    with pytest.raises(KeystoreCorruptError):
        keyring.open_vault(issuance.store, old, Instance.ISSUANCE)


@pytest.mark.parametrize("crash_at", ["first write", "store", "second write"])
def test_a_crash_in_a_rotation_leaves_file_and_store_that_fit(
    issuance: InProcessWallet, monkeypatch: pytest.MonkeyPatch, crash_at: str
) -> None:
    writes = []
    write = KekRing.write

    def crashing_write(ring: KekRing, path: Path) -> None:
        writes.append(ring)
        if crash_at == ("first write", "second write")[len(writes) - 1]:
            raise KeyboardInterrupt
        write(ring, path)

    def crashing_forget(_store: Store) -> None:
        if crash_at == "store":
            raise KeyboardInterrupt

    monkeypatch.setattr(KekRing, "write", crashing_write)
    monkeypatch.setattr(Store, "forget_deleted_pages", crashing_forget)
    before = keyring.addresses(issuance.store)
    with pytest.raises(KeyboardInterrupt):
        keyring.rotate_kek(issuance.store, issuance.kek_file, Instance.ISSUANCE)
    monkeypatch.undo()

    ring = KekRing.read(issuance.kek_file)
    opened = keyring.open_signers(issuance.store, ring, Instance.ISSUANCE, {})
    keyring.open_vault(issuance.store, ring, Instance.ISSUANCE)
    keyring.rotate_kek(issuance.store, issuance.kek_file, Instance.ISSUANCE)

    assert sorted(opened) == sorted(before)
    assert len(KekRing.read(issuance.kek_file).keys) == 1


def test_no_secret_lies_in_the_store_in_clear(tmp_path: Path, issuance: InProcessWallet) -> None:
    address = issuance.account()
    ring = KekRing.read(issuance.kek_file)
    with issuance.store.transaction() as session:
        sealed = read_meta(session, "root")
        account = session.get_one(models.Account, address)
    assert sealed is not None
    root = ring.open(sealed, place="root/issuance")
    place = f"account/{account.genesis_hash}/0/alice"
    secret = AccountVault(root).account_secret(account.sealed_salt, place=place)

    stored = b"".join(path.read_bytes() for path in tmp_path.glob("wallet.db*"))

    assert root not in stored
    assert secret not in stored
    assert secret.hex().encode() not in stored
    assert ring.keys[ring.current] not in stored
