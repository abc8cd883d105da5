"""Restores on running processes: what happens to a day that the backup does not know.

One stack, one story. Yesterday's work is in the backup; a day passes, with work of its own and
things under way at both ends; then backups, copies and older wallet stores are started, one after
the other. What the chain holds is read without the system's client, as the judge does.
"""

import json
import sqlite3
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing as closed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak
from sqlmodel import func, select

from backend.accounts import queries as account_queries
from backend.accounts.rules import Role
from backend.actions import queries as action_queries
from backend.actions.models import Claim
from backend.books import queries as book_queries
from backend.db.engine import Database
from backend.kernel.ids import pack_reward_id
from tests.faults.processes import judge
from tests.faults.processes.stack import Stack
from tests.faults.processes.town import Answers, Citizen, Town
from tests.support import builders
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_for

PATIENCE_S = 90.0


@dataclass
class Deposit:
    """One act: a code and who claimed it, whatever any database knows of it.

    Attributes:
        claim_id: Public id of its newest acknowledgement.
        reward_ids: Under which each database that stored it would pay it.
    """

    citizen: Citizen
    key: str
    code: str
    claim_id: str = ""
    reward_ids: set[int] = field(default_factory=set)


class Databases:
    """Empty databases and copies of one engine, by name."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self._folder, self._server = folder, server

    def url(self, name: str) -> str:
        """Return where a database is."""
        if self._server is not None:
            return self._server.url(name)
        return f"sqlite:///{self._folder / name}.db"

    def create(self, name: str) -> str:
        """Make an empty one."""
        if self._server is not None:
            self._server.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def copy(self, source: str, name: str, *, closing: Database) -> str:
        """Copy one that nobody uses, as a careless hand does.

        Args:
            closing: Our own connections to it.
        """
        closing.dispose()
        if self._server is not None:
            self._server.run(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        else:
            for ending in ("", "-wal"):
                part = Path(f"{self._folder / source}.db{ending}")
                if part.exists():
                    (self._folder / f"{name}.db{ending}").write_bytes(part.read_bytes())
        return self.url(name)


@contextmanager
def databases(engine: str, folder: Path) -> Iterator[Databases]:
    """Lend databases of an engine: "sqlite" or "postgresql"."""
    if engine == "sqlite":
        yield Databases(folder, None)
        return
    server = PostgresServer()
    try:
        server.start()
        yield Databases(folder, server)
    finally:
        server.stop()


class Drill:
    """People, staff and the moves of a drill on one stack."""

    def __init__(self, stack: Stack, town: Town) -> None:
        self.stack, self.town = stack, town
        self.deposits: list[Deposit] = []
        self.answers = Answers()
        self._people = [
            builders.make_staff(stack.database, town.clock, role)
            for role in (Role.ADMIN, Role.AUDITOR)
        ]
        self._staff: list[str] = []

    # --- work -------------------------------------------------------------------------------------

    def claim(self, citizens: Sequence[Citizen], each: int) -> list[Deposit]:
        """Let everybody claim so many deposits, and be answered."""
        made = [
            Deposit(citizen, *self.town.draw_code()) for _ in range(each) for citizen in citizens
        ]
        for deposit in made:
            self.present(deposit)
        self.deposits += made
        return made

    def present(self, deposit: Deposit) -> None:
        """Claim a deposit, or claim it again, until there is an answer."""
        found = wait_for(
            lambda: self.town.present(deposit.citizen, deposit.key, deposit.code),
            what="a claim is answered",
            timeout_s=PATIENCE_S,
        )
        deposit.claim_id = found["id"]
        row = self.row_of(deposit)
        deposit.reward_ids.add(
            pack_reward_id(tranche=0, incarnation=row.incarnation, counter=row.id or 0)
        )

    def settle(self) -> None:
        """Wait until nothing is under way, and stays so for some blocks."""
        for _ in range(2):
            self.wait(lambda: not judge.still_open(self.stack), "everything is settled")
            self.stack.anvil.wait_for_blocks(3)

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition with the patience of a crowded machine."""
        try:
            wait_for(condition, what=what, timeout_s=PATIENCE_S)
        except TimeoutError as error:
            left = judge.still_open(self.stack)
            log = self.stack.posts["jobs"].log.read_text()[-3000:]
            raise AssertionError(f"{what}: never; open {left}\n{log}") from error

    # --- what the database in use knows -----------------------------------------------------------

    def row_of(self, deposit: Deposit) -> Claim:
        """Return the row of a deposit's newest acknowledgement."""
        with self.stack.database.reading() as session:
            row = action_queries.by_public_id(session, deposit.claim_id)
        assert row is not None, "acknowledged and not stored"
        return row

    def stored_claims(self) -> set[str]:
        """Return the public ids of all claims."""
        with self.stack.database.reading() as session:
            return set(session.exec(select(Claim.public_id)).all())

    def count(self, table: type, condition: Any) -> int:
        """Count rows."""
        with self.stack.database.reading() as session:
            statement = select(func.count()).select_from(table).where(condition)
            return session.exec(statement).one()

    def count_addresses(self) -> int:
        """Count the addresses whose sealed salt was copied."""
        genesis_hash = self.stack.contracts.deployment.genesis_hash
        with self.stack.database.reading() as session:
            return len(account_queries.salted(session, genesis_hash))

    def is_restored(self) -> bool:
        """Tell whether chain and journal were read and a new incarnation is open."""
        with self.stack.database.reading() as session:
            is_open = book_queries.open_restoration(session) is not None
            return not is_open and action_queries.current_incarnation(session) is not None

    # --- staff ------------------------------------------------------------------------------------

    def sign_staff_in(self) -> None:
        """Two people open a session of today in the database in use."""
        self._staff = [
            builders.sign_in(self.stack.database, self.town.clock, person)
            for person in self._people
        ]

    def orphans(self) -> list[dict[str, Any]]:
        """Return what the operations page lists."""
        path = self.stack.url + "/api/v1/operations/pipeline"
        request = urllib.request.Request(path, headers={"Cookie": f"calanque={self._staff[0]}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["orphans"]
            return found

    def adopt_all(self) -> int:
        """Two people vouch for each orphan; return the units of the mints among them."""
        orphans = self.orphans()
        first, second = self._staff
        for orphan in orphans:
            path = f"/api/v1/operations/orphans/{orphan['tx_hash']}"
            self.wait(lambda p=path: self.town.post(f"{p}/propose", {}, first), "one vouches")  # type: ignore[misc]  # bound now
            alone = Answers()
            assert self.town.post(f"{path}/adopt", {}, first, answers=alone) is None
            assert "adoption_needs_two" in "".join(alone.refused)
            self._adopt(orphan["tx_hash"], second)
        return sum(orphan["units"] for orphan in orphans if orphan["kind"] == "mint")

    def _adopt(self, tx_hash: str, second: str) -> None:
        """Adopt an orphan, whether or not the answer came in time."""
        path, said = f"/api/v1/operations/orphans/{tx_hash}/adopt", Answers()

        def is_adopted() -> bool:
            self.town.post(path, {}, second, answers=said)
            return tx_hash not in {orphan["tx_hash"] for orphan in self.orphans()}

        self.wait(is_adopted, f"{tx_hash} is adopted ({said.refused})")

    def unpause(self) -> None:
        """The administrator allows mints again, if they are stopped."""
        anvil = self.stack.anvil
        if self.is_mint_paused():
            token = self.stack.contracts.address("EcoToken")
            call = "0x" + keccak(text="unpauseMint()")[:4].hex()
            admin = anvil.ask("eth_accounts")[0]
            anvil.ask("eth_sendTransaction", {"from": admin, "to": token, "data": call})
            self.wait(lambda: not self.is_mint_paused(), "mints are allowed")

    # --- the chain, read by itself ----------------------------------------------------------------

    def is_mint_paused(self) -> bool:
        """Ask the token."""
        token = self.stack.contracts.address("EcoToken")
        call = {"to": token, "data": self.stack.contracts.mint_paused()}
        return bool(int(self.stack.anvil.ask("eth_call", call, "latest"), 16))

    def nonces(self) -> dict[str, int]:
        """Return the next nonce of every key but the guardian's, which may always stop."""
        keys = self.stack.keys.items()
        return {label: self.stack.anvil.nonce(a) for label, a in keys if label != "guardian"}

    def paid(self, deposits: Sequence[Deposit]) -> list[int]:
        """Return how often the chain has paid each deposit."""
        ids = sorted({i for deposit in self.deposits for i in deposit.reward_ids})
        consumed = self.stack.anvil.consumed(self.stack.contracts, ids)
        minted = sum(self.stack.anvil.minted(self.stack.contracts).values())
        assert minted == builders.GLASS_UNITS * len(consumed), "minted beside the known acts"
        return [len(deposit.reward_ids & consumed) for deposit in deposits]

    def signed_twice(self, stores: Sequence[Path]) -> list[str]:
        """Return the nonces that were signed, in any of the stores, for two different payloads."""
        payloads: dict[str, set[bytes]] = defaultdict(set)
        for path in stores:
            with closed(sqlite3.connect(path)) as store:
                rows = store.execute(
                    "SELECT key_address || '/' || nonce, calldata FROM journal_signature "
                    "WHERE NOT is_filler"
                )
                for nonce, calldata in rows:
                    payloads[nonce].add(calldata)
        return [nonce for nonce, signed in payloads.items() if len(signed) > 1]
