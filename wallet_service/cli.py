"""Command line of an instance; without a command it serves.

init: make the KEK file and the keys; keys: print their addresses; rotate-kek: seal them under a
new KEK; move-to-hsm: replace a service key by one of the token; freeze, unfreeze: stop signing
and go on. Each works on the store that the settings name.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from wallet_service import keyring
from wallet_service.errors import StartupError
from wallet_service.keystore import KekRing
from wallet_service.server import serve
from wallet_service.settings import WalletSettings, read_policy, read_settings
from wallet_service.signing.hsm import Token, open_token, token_signers
from wallet_service.store import Store, lock_store, write_meta


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        Exit status: 0, or 1 with one sentence on stderr.
    """
    parser = argparse.ArgumentParser(prog="python -m wallet_service", description=__doc__)
    parser.add_argument("command", nargs="?", default="serve", choices=sorted(_COMMANDS))
    parser.add_argument("--config", type=Path, help="TOML file; without it WALLET_… is read")
    parser.add_argument("--key", default="", help="move-to-hsm: label of the service key")
    options = parser.parse_args(arguments)
    try:
        _COMMANDS[options.command](read_settings(options.config), options.key)
    except StartupError as error:
        sys.stderr.write(f"wallet_service: {error}\n")
        return 1
    return 0


def _init(settings: WalletSettings, _key: str) -> None:
    read_policy(settings)
    if not settings.kek_file.exists():
        if settings.store.exists():
            raise StartupError(
                f"{settings.store} exists but its KEK file {settings.kek_file} does not: "
                "bring the file back, or move the store away to start anew."
            )
        settings.kek_file.parent.mkdir(parents=True, exist_ok=True)
        KekRing.fresh().write(settings.kek_file)
    ring = KekRing.read(settings.kek_file)
    _print(keyring.initialise(Store(settings.store), ring, settings.instance))


def _serve(settings: WalletSettings, _key: str) -> None:
    token = _token(settings)
    hsm = {} if token is None else token_signers(token, keyring.LABELS[settings.instance])
    serve(settings, hsm)


def _keys(settings: WalletSettings, _key: str) -> None:
    _print(keyring.addresses(_existing(settings)))


def _rotate(settings: WalletSettings, _key: str) -> None:
    store = _existing(settings)
    # A running service holds the opened keys; rotating below it is safe but would mislead.
    with lock_store(settings.store):
        keyring.rotate_kek(store, settings.kek_file, settings.instance)


def _move_to_hsm(settings: WalletSettings, key: str) -> None:
    if key not in keyring.LABELS[settings.instance]:
        labels = ", ".join(keyring.LABELS[settings.instance])
        raise StartupError(f"Name the key with --key; this instance has {labels}.")
    token = _token(settings)
    if token is None:
        raise StartupError("Set WALLET_PKCS11_MODULE to the library of the HSM.")
    store = _existing(settings)
    with lock_store(settings.store):
        signer = token.signer(key) or token.make_key(key)
        keyring.adopt_hsm_key(store, key, signer)
    _print(keyring.addresses(store))


def _freeze(settings: WalletSettings, _key: str) -> None:
    with _existing(settings).transaction() as session:
        write_meta(session, "frozen", b"1")


def _unfreeze(settings: WalletSettings, _key: str) -> None:
    with _existing(settings).transaction() as session:
        write_meta(session, "frozen", None)


def _token(settings: WalletSettings) -> Token | None:
    if settings.pkcs11_module is None:
        return None
    return open_token(
        settings.pkcs11_module, label=settings.pkcs11_token, pin_file=settings.pkcs11_pin_file
    )


def _existing(settings: WalletSettings) -> Store:
    if not settings.store.exists():
        raise StartupError(f"No store at {settings.store}: run `python -m wallet_service init`.")
    return Store(settings.store)


def _print(addresses: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(addresses, indent=2) + "\n")


_COMMANDS: dict[str, Callable[[WalletSettings, str], None]] = {
    "init": _init,
    "serve": _serve,
    "keys": _keys,
    "rotate-kek": _rotate,
    "move-to-hsm": _move_to_hsm,
    "freeze": _freeze,
    "unfreeze": _unfreeze,
}
