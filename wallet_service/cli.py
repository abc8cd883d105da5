"""Command line: `init`, `serve` (the default), `keys`, `rotate-kek`, `freeze`, `unfreeze`."""

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
from wallet_service.store import Store, lock_store, write_meta


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        Exit status: 0, or 1 with one sentence on stderr.
    """
    parser = argparse.ArgumentParser(prog="python -m wallet_service", description=__doc__)
    parser.add_argument("command", nargs="?", default="serve", choices=sorted(_COMMANDS))
    parser.add_argument("--config", type=Path, help="TOML file; without it WALLET_… is read")
    options = parser.parse_args(arguments)
    try:
        _COMMANDS[options.command](read_settings(options.config))
    except StartupError as error:
        sys.stderr.write(f"wallet_service: {error}\n")
        return 1
    return 0


def _init(settings: WalletSettings) -> None:
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


def _serve(settings: WalletSettings) -> None:
    serve(settings, {})


def _keys(settings: WalletSettings) -> None:
    _print(keyring.addresses(_existing(settings)))


def _rotate(settings: WalletSettings) -> None:
    store = _existing(settings)
    # A running service holds the opened keys; rotating below it is safe but would mislead.
    with lock_store(settings.store):
        keyring.rotate_kek(store, settings.kek_file, settings.instance)


def _freeze(settings: WalletSettings) -> None:
    with _existing(settings).transaction() as session:
        write_meta(session, "frozen", b"1")


def _unfreeze(settings: WalletSettings) -> None:
    with _existing(settings).transaction() as session:
        write_meta(session, "frozen", None)


def _existing(settings: WalletSettings) -> Store:
    if not settings.store.exists():
        raise StartupError(f"No store at {settings.store}: run `python -m wallet_service init`.")
    return Store(settings.store)


def _print(addresses: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(addresses, indent=2) + "\n")


_COMMANDS: dict[str, Callable[[WalletSettings], None]] = {
    "init": _init,
    "serve": _serve,
    "keys": _keys,
    "rotate-kek": _rotate,
    "freeze": _freeze,
    "unfreeze": _unfreeze,
}
