"""All processes of the system around one anvil and one database, and who starts them again."""

import json
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backend.chain import deployment
from backend.chain.contracts import Contracts
from backend.db.engine import Database
from backend.db.migrate import migrate
from backend.demo.stack import anvil_path, environment
from backend.jobs.wallet_client import WalletClient
from backend.rulebook import engine
from backend.settings import Settings
from tests.faults.processes.chain import CHAIN_ID, Anvil
from tests.faults.processes.nursery import Child, Nursery
from tests.support.builders import EDITION_TEXT
from tests.support.ports import free_port
from tests.support.processes import ROOT
from tests.support.proxy import FaultProxy
from tests.support.waiting import listens, wait_for

WATCH_S = 0.03
DAY_S = 86_400
TERMINATE_S = 30.0
INSTANCES = {"wallet": "issuance", "guardian": "guardian"}


@dataclass
class Post:
    """A place that the supervisor keeps filled with a process.

    Attributes:
        crash_at: Handed to the next process that starts here, once.
        deaths: Exit statuses of those that ended.
        own_kills: Ends that we brought about, so that the rest were the process's own.
    """

    role: str
    env: Mapping[str, str]
    log: Path
    child: Child | None = None
    crash_at: str = ""
    is_wanted: bool = False
    deaths: list[int] = field(default_factory=list)
    own_kills: int = 0

    @property
    def died_by_itself(self) -> int:
        """How often a process here killed itself at its point."""
        return sum(status == -signal.SIGKILL for status in self.deaths) - self.own_kills


class Stack:
    """Web, jobs, two wallet services, a node behind a proxy; a supervisor restarts what ends.

    Args:
        folder: With a short name: the path of a Unix socket has room for 100 bytes.
        database_url: An empty database.
    """

    database: Database
    settings: Settings

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.anvil = Anvil(anvil_path(), folder / "anvil.log")
        self.web_port = free_port()
        self.shift_s = 0
        self.posts: dict[str, Post] = {}
        self._hold = threading.RLock()
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    @contextmanager
    def running(self) -> Iterator["Stack"]:
        """Start everything; end everything with the block."""
        with ExitStack() as ends:
            self.nursery = Nursery(self.folder / "nursery.log")
            ends.callback(self.nursery.close)
            self.anvil.start()
            ends.callback(self.anvil.stop)
            self.node_proxy = ends.enter_context(FaultProxy(self.anvil.port).running())
            self.wallet_proxy = ends.enter_context(
                FaultProxy(self.folder / "wallet.sock", listen=self.folder / "proxy.sock").running()
            )
            self._start_wallets()
            self._deploy()
            migrate(self.database_url)
            self.database = Database(self.database_url)
            ends.callback(self._let_go)
            self._watcher.start()
            ends.callback(self._end_watch)
            yield self

    def start_backend(self) -> None:
        """Start web and jobs, once the database holds what they need."""
        variables = environment(self.settings)
        self._post("jobs", "jobs", variables)
        self._post("second jobs", "jobs", variables, is_wanted=False)
        self._post("web", "web", {**variables, "WEB_PORT": str(self.web_port)})
        wait_for(self.web_answers, what="the web process answers", timeout_s=120)
        backend = {name: self.posts[name] for name in ("jobs", "web")}
        ended = {name: post.log.read_text() for name, post in backend.items() if post.deaths}
        assert not ended, ended

    def stop_backend(self) -> None:
        """End web and jobs, and wait until they are gone."""
        self._empty("web", "jobs", "second jobs")

    def use(self, database_url: str) -> None:
        """Let the next processes and the judge work on another database."""
        self.database.dispose()
        self.database_url = database_url
        self.database = Database(database_url)
        self.settings = self.settings.model_copy(update={"database_url": database_url})

    def start_second_jobs(self, database_url: str) -> Path:
        """Start one more runner, on a database of its own; return its log."""
        post = self.posts["second jobs"]
        post.env = {**environment(self.settings), "DATABASE_URL": database_url}
        self.want("second jobs", is_wanted=True)
        return post.log

    def command(self, *arguments: str, status: int = 0) -> str:
        """Run a command of the project on the database in use; return what it printed.

        Raises:
            AssertionError: It ended with another status.
        """
        log = self.folder / "command.log"
        log.unlink(missing_ok=True)
        env = {
            **environment(self.settings),
            "ARGUMENTS": json.dumps(arguments),
            "SHIFT_S": str(self.shift_s),
        }
        ended = self.nursery.start("command", env=env, log=log).wait(60)
        printed = log.read_text()
        assert ended == status, printed
        return printed

    def tomorrow(self) -> None:
        """Let a day pass for every clock: chain, wallet services, web and jobs start anew."""
        wanted = [name for name, post in self.posts.items() if post.is_wanted]
        self._empty(*self.posts)
        self.shift_s += DAY_S
        self.anvil.ask("evm_increaseTime", hex(DAY_S))
        self.anvil.mine()
        for name in wanted:
            self.want(name, is_wanted=True)

    def swap_wallet_store(self, store: Path) -> Path:
        """Give the issuing wallet service another store; return where the present one went."""
        self._empty("wallet")
        mine, kept = self.folder / "wallet.db", self.folder / "wallet-before.db"
        for ending in ("", "-wal", "-shm"):
            part = Path(f"{mine}{ending}")
            if part.exists():
                part.rename(f"{kept}{ending}")
        shutil.copy(store, mine)
        self.want("wallet", is_wanted=True)
        return kept

    def _empty(self, *names: str) -> None:
        for name in names:
            self.want(name, is_wanted=False)
        wait_for(
            lambda: all(self.posts[name].child is None for name in names),
            what=f"{', '.join(names)} are gone",
            every_s=WATCH_S,
        )

    @property
    def url(self) -> str:
        """Where the web process answers."""
        return f"http://127.0.0.1:{self.web_port}"

    def web_answers(self) -> bool:
        """Tell whether the web process is up."""
        with urllib.request.urlopen(f"{self.url}/health/live", timeout=2) as answer:
            return bool(answer.status == 200)

    def _let_go(self) -> None:
        # Another one by now, perhaps.
        self.database.dispose()

    # --- the supervisor -----------------------------------------------------------------------

    def kill(self, name: str, *, crash_at: str = "") -> None:
        """End a process at once; the next one there may die at a point of its own."""
        with self._hold:
            post = self.posts[name]
            post.crash_at = crash_at
            if post.child is not None and post.child.status is None:
                post.own_kills += 1
                post.child.signal(signal.SIGKILL)

    def terminate(self, name: str) -> int:
        """Ask a process to end, as a service manager does, and return its exit status.

        Its place stays wanted, so that another one starts there afterwards.
        """
        child = self.posts[name].child
        assert child is not None, f"{name} does not run"
        child.signal(signal.SIGTERM)
        return child.wait(TERMINATE_S)

    def want(self, name: str, *, is_wanted: bool) -> None:
        """Fill a place, or empty it."""
        with self._hold:
            self.posts[name].is_wanted = is_wanted
        if not is_wanted:
            self.kill(name)

    def freeze(self, name: str, *, is_frozen: bool) -> None:
        """Stop a process where it stands, or let it go on."""
        child = self.posts[name].child
        if child is not None:
            child.signal(signal.SIGSTOP if is_frozen else signal.SIGCONT)

    def _post(
        self, name: str, role: str, env: Mapping[str, str], *, is_wanted: bool = True
    ) -> None:
        with self._hold:
            self.posts[name] = Post(
                role, env, self.folder / f"{name.replace(' ', '-')}.log", is_wanted=is_wanted
            )

    def _watch(self) -> None:
        while not self._stop.wait(WATCH_S):
            with self._hold:
                for post in self.posts.values():
                    self._fill(post)

    def _fill(self, post: Post) -> None:
        if post.child is not None and post.child.status is not None:
            post.deaths.append(post.child.status)
            post.child = None
        if post.is_wanted and post.child is None:
            env = {**post.env, "CRASH_AT": post.crash_at, "SHIFT_S": str(self.shift_s)}
            post.crash_at = ""
            post.child = self.nursery.start(post.role, env=env, log=post.log)

    def _end_watch(self) -> None:
        self._stop.set()
        self._watcher.join(10)

    # --- beginnings ---------------------------------------------------------------------------

    def _start_wallets(self) -> None:
        for name, instance in INSTANCES.items():
            variables = {
                "WALLET_INSTANCE": instance,
                "WALLET_SOCKET": str(self.folder / f"{name}.sock"),
                "WALLET_STORE": str(self.folder / f"{name}.db"),
                "WALLET_KEK_FILE": str(self.folder / f"{name}.kek"),
            }
            log = self.folder / f"{name}.log"
            made = self.nursery.start("wallet-init", env=variables, log=log)
            assert made.wait(30) == 0, log.read_text()
            self._post(name, "wallet", variables)
            self._fill(self.posts[name])
        self.keys: dict[str, str] = {}
        for name in INSTANCES:
            path = self.folder / f"{name}.sock"
            wait_for(lambda p=path: listens(p), what=f"{name} answers")  # type: ignore[misc]  # bound now
            client = WalletClient(path)
            self.keys |= client.keys()
            client.close()

    def _deploy(self) -> None:
        accounts = self.folder / "accounts.json"
        accounts.write_text(json.dumps(self.keys))
        digest = engine.document_hash(engine.load(EDITION_TEXT))
        command = [
            *(str(ROOT / "scripts/chain/deploy.sh"), "--rpc", self.anvil.url),
            *("--accounts", str(accounts), "--out", str(self.folder)),
            *("--edition-hash", "0x" + digest),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        file = self.folder / f"{CHAIN_ID}.json"
        self.contracts = Contracts(deployment.load(file))
        self.settings = Settings(
            database_url=self.database_url,
            node_url=self.node_proxy.url,
            deployment_file=file,
            wallet_socket=self.folder / "proxy.sock",
            guardian_socket=self.folder / "guardian.sock",
            public_url=self.url,
            linger_ms=0,
            confirmations_min=2,
            maildir=self.folder / "mail",
            sepa_folder=self.folder / "sepa",
        )


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder whose name leaves room for the path of a socket in it."""
    with tempfile.TemporaryDirectory(prefix="cal-", dir="/tmp") as name:
        yield Path(name)
