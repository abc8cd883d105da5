"""Puts an instance together and serves it on a Unix socket that only its owner can open."""

import os
import signal
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from wallet_service.app import create_app
from wallet_service.clock import SystemClock
from wallet_service.errors import StartupError
from wallet_service.keyring import open_signers, open_vault
from wallet_service.keystore import KekRing
from wallet_service.settings import WalletSettings, read_policy
from wallet_service.signing.local import require_coincurve
from wallet_service.signing.protocol import Signer
from wallet_service.store import Store, lock_store
from wallet_service.wallet import Wallet

_SOCKET_MODE = 0o600
_BACKLOG = 128


def open_wallet(settings: WalletSettings, hsm: Mapping[str, Signer]) -> Wallet:
    """Open the keys and the policy of an instance.

    Args:
        hsm: Signers of the labels that an HSM holds.
    Raises:
        StartupError: Anything that makes it unsafe to sign; the message says what to change.
    """
    require_coincurve()
    policy = read_policy(settings)
    ring = KekRing.read(settings.kek_file)
    if not settings.store.exists():
        raise StartupError(f"No store at {settings.store}: run `python -m wallet_service init`.")
    store = Store(settings.store)
    return Wallet(
        policy=policy,
        store=store,
        clock=SystemClock(),
        vault=open_vault(store, ring, settings.instance),
        signers=open_signers(store, ring, settings.instance, hsm),
    )


def serve(settings: WalletSettings, hsm: Mapping[str, Signer]) -> None:
    """Serve an instance until it is told to stop.

    Raises:
        StartupError: See `open_wallet`; also another instance on the same store or socket.
    """
    settings.store.parent.mkdir(parents=True, exist_ok=True)
    with lock_store(settings.store):
        wallet = open_wallet(settings, hsm)
        try:
            with listen(settings.socket) as listener:
                _run(wallet, listener)
            settings.socket.unlink(missing_ok=True)
        finally:
            wallet.store.dispose()


def _run(wallet: Wallet, listener: socket.socket) -> None:
    # uvicorn stops on these by itself, then raises them again; the clean-up must still run.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)
    config = uvicorn.Config(create_app(wallet), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def listen(path: Path) -> socket.socket:
    """Bind a Unix socket with mode 0600, replacing one that nobody serves any more.

    Raises:
        StartupError: Somebody serves it, it is not a socket, or its path is too long.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The mode must be right from the first moment: uvicorn itself would open it to everybody.
    mask = os.umask(0o777 ^ _SOCKET_MODE)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise StartupError(f"Cannot listen on {path}: {error}.") from error
    finally:
        os.umask(mask)
    listener.listen(_BACKLOG)
    return listener


def _remove_stale(path: Path) -> None:
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise StartupError(f"{path} exists and is not a socket.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise StartupError(f"Another wallet service answers on {path}.")
