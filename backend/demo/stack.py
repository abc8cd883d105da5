"""The processes of the system on one machine: node, contracts, wallets, web, jobs, kiosk."""

import json
import os
import platform
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from backend.db.migrate import migrate
from backend.demo import seed
from backend.demo.console import Story
from backend.demo.processes import Children, DemoError, answers_on, free_port
from backend.devices.rules import DeviceKind
from backend.jobs.runner import connect
from backend.jobs.steps.editions import effective_from
from backend.jobs.wallet_client import WalletClient
from backend.kernel.clock import SystemClock
from backend.kernel.errors import EcoError
from backend.rulebook import engine
from backend.settings import Settings

ROOT = Path(__file__).parents[2]
CHAIN_ID = 31337
BLOCK_TIME_S = 1
COOLDOWN_S = 40
"""Above the 30 s that the local manifest gives the recoverer."""
START_S = 60.0
DEPLOY_S = 300.0


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the demo."""

    web: int
    node: int
    kiosk: int


@dataclass(frozen=True)
class Stack:
    """A running system.

    Attributes:
        settings: What its processes were started with.
        terminals: Terminals that can enrol.
    """

    children: Children
    settings: Settings
    ports: Ports
    folder: Path
    terminals: tuple[seed.Terminal, ...]

    @property
    def kiosk_url(self) -> str:
        """Address of the kiosk's screen."""
        return f"http://127.0.0.1:{self.ports.kiosk}/"


def start(folder: Path, *, web_port: int, database_url: str | None, story: Story) -> Stack:
    """Start everything on an emptied folder.

    Node, database, wallet and deployment belong together: all are made anew.

    Raises:
        DemoError: Something is missing, in use or stopped; one sentence says what.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ports = Ports(web=web_port, node=free_port(), kiosk=free_port())
    settings = _settings(folder, ports, database_url)
    lines = [f"{name}={value}" for name, value in environment(settings).items()]
    (folder / "calanque.env").write_text("\n".join(lines) + "\n")
    children = Children(folder / "logs")
    try:
        _start_node(children, ports, story)
        _start_wallets(children, settings, folder, story)
        _deploy(children, settings, folder, story)
        terminals = _fill_database(settings, story)
        _start_backend(children, settings, ports, story)
        _start_kiosk(children, terminals, ports, folder, story)
    except BaseException:
        children.stop()
        raise
    return Stack(children, settings, ports, folder, tuple(terminals))


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables for a child process.

    Secrets are left out: a child inherits those that stand in our own environment. The one that
    the demo draws for itself is put in, so that paying without network can be tried.
    """
    secret = {"identity_secret", "register_keys", "partner_keys", "promise_secret"}
    dumped = json.loads(settings.model_dump_json(exclude=secret, exclude_none=True))
    variables = {
        f"CALANQUE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in dumped.items()
        if name != "database_url"
    }
    if settings.promise_secret is not None:
        variables["CALANQUE_PROMISE_SECRET"] = settings.promise_secret.get_secret_value()
    return {**variables, "DATABASE_URL": settings.database_url}


def anvil_path() -> Path:
    """Return the native anvil binary; the npm launcher hides failures.

    Raises:
        DemoError: It is not installed for this platform.
    """
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    system = platform.system().lower()
    path = ROOT / "node_modules" / "@foundry-rs" / f"anvil-{system}-{machine}" / "bin" / "anvil"
    if not path.exists():
        msg = f"The chain node is missing ({path}); run `make setup` first."
        raise DemoError(msg)
    return path


def _settings(folder: Path, ports: Ports, database_url: str | None) -> Settings:
    return Settings(
        database_url=database_url or f"sqlite:///{folder / 'calanque.db'}",
        node_url=f"http://127.0.0.1:{ports.node}",
        deployment_file=folder / "deployments" / f"{CHAIN_ID}.json",
        wallet_socket=folder / "wallet.sock",
        guardian_socket=folder / "guardian.sock",
        # Browsers make passkeys for names, not for addresses of numbers (WebAuthn, 5.1.3).
        public_url=f"http://localhost:{ports.web}",
        is_demo=True,
        linger_ms=500,
        publication_margin_s=5,
        custody_cooldown_s=COOLDOWN_S,
        confirmations_min=2,
        maildir=folder / "mail",
        sepa_folder=folder / "sepa",
        promise_secret=SecretStr(secrets.token_hex(32)),
    )


def _start_node(children: Children, ports: Ports, story: Story) -> None:
    command = [
        str(anvil_path()),
        *("--port", str(ports.node), "--host", "127.0.0.1"),
        *("--block-time", str(BLOCK_TIME_S), "--chain-id", str(CHAIN_ID)),
        *("--hardfork", "osaka", "--silent"),
    ]
    children.start("node", command)
    children.wait_for("the chain node", lambda: answers_on(ports.node), timeout_s=START_S)
    story.step(f"A local chain runs, one block per {BLOCK_TIME_S} s")


def _start_wallets(children: Children, settings: Settings, folder: Path, story: Story) -> None:
    sockets = {"issuance": settings.wallet_socket, "guardian": settings.guardian_socket}
    wallet = [sys.executable, "-m", "wallet_service"]
    for instance, socket in sockets.items():
        variables = {
            "WALLET_INSTANCE": instance,
            "WALLET_SOCKET": str(socket),
            "WALLET_STORE": str(folder / f"wallet-{instance}.db"),
            "WALLET_KEK_FILE": str(folder / f"wallet-{instance}.kek"),
        }
        _run([*wallet, "init"], variables, "the wallet service")
        children.start(f"wallet-{instance}", wallet, variables)
    for instance, socket in sockets.items():
        children.wait_for(
            f"wallet service {instance}", partial(_has_keys, socket), timeout_s=START_S
        )
    story.step("Two wallet services hold the keys: issuance, and the guardian")


def _has_keys(socket: Path) -> bool:
    if not socket.exists():
        return False
    client = WalletClient(socket)
    try:
        return bool(client.keys())
    except EcoError:
        return False
    finally:
        client.close()


def _deploy(children: Children, settings: Settings, folder: Path, story: Story) -> None:
    story.working("Compiling and deploying the contracts (a minute the first time)")
    keys: dict[str, str] = {}
    for socket in (settings.wallet_socket, settings.guardian_socket):
        client = WalletClient(socket)
        keys.update(client.keys())
        client.close()
    accounts_file = folder / "accounts.json"
    accounts_file.write_text(json.dumps(keys, indent=2))
    rulebook = engine.load(seed.FIRST_EDITION.read_text())
    command = [
        str(ROOT / "scripts" / "chain" / "deploy.sh"),
        *("--rpc", settings.node_url),
        *("--accounts", str(accounts_file)),
        *("--out", str(settings.deployment_file.parent)),
        *("--edition-hash", "0x" + engine.document_hash(rulebook)),
    ]
    _run(command, {}, "the deployment", timeout_s=DEPLOY_S)
    children.check()
    if not settings.deployment_file.exists():
        msg = "The deployment ended without writing its file."
        raise DemoError(msg)
    story.step("Contracts are deployed, roles and limits checked against the manifest")


def _fill_database(settings: Settings, story: Story) -> list[seed.Terminal]:
    migrate(settings.database_url)
    context = connect(settings)
    try:
        with context.database.transaction() as session:
            terminals = seed.seed(
                session,
                effective_from=effective_from(context, 1),
                now=SystemClock().now(),
            )
    finally:
        context.wallet.close()
        context.guardian.close()
        context.database.dispose()
    story.step(f"92 communes, {seed.STATIONS} stations, {len(seed.SHOPS)} shops are in place")
    return terminals


def _start_backend(children: Children, settings: Settings, ports: Ports, story: Story) -> None:
    variables = environment(settings)
    children.start("jobs", [sys.executable, "-m", "backend.jobs.runner"], variables)
    web = [
        *(sys.executable, "-m", "uvicorn", "--factory", "backend.app:create_app"),
        *("--host", "127.0.0.1", "--port", str(ports.web), "--log-level", "warning"),
        # Streams of events never end by themselves; a stop must not wait for their pages.
        *("--timeout-graceful-shutdown", "5"),
    ]
    children.start("web", web, variables)
    children.wait_for("the web server", lambda: answers_on(ports.web), timeout_s=START_S)
    story.step("Web server and jobs runner are up")


def _start_kiosk(
    children: Children,
    terminals: list[seed.Terminal],
    ports: Ports,
    folder: Path,
    story: Story,
) -> None:
    kiosk = next(terminal for terminal in terminals if terminal.kind == DeviceKind.KIOSK)
    command = [
        *(sys.executable, "-m", "backend.cli_device", "kiosk", "--folder", str(folder / "kiosk")),
        *("--server", f"http://127.0.0.1:{ports.web}"),
        *("--code", kiosk.enrolment_code, "--port", str(ports.kiosk)),
    ]
    children.start("kiosk", command)
    children.wait_for("the kiosk", lambda: answers_on(ports.kiosk), timeout_s=START_S)
    story.step(f"A kiosk made its own key, enrolled, and shows its code: {kiosk.name}")


def _run(
    command: list[str], env: Mapping[str, str], what: str, *, timeout_s: float = START_S
) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own programs
            command,
            env={**os.environ, **env},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{what.capitalize()} could not run: {error}."
        raise DemoError(msg) from error
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()[-8:]
        msg = f"{what.capitalize()} failed (status {done.returncode}):\n" + "\n".join(lines)
        raise DemoError(msg)
