"""The story of a drill: a day is worked, a backup is made, a day passes, and all goes wrong.

Each act starts where the one before ended and returns its line of the table.

    python -m tests.faults.processes.story      all acts on both databases, and their tables
"""

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from sqlmodel import col

from backend.actions.rules import ClaimState
from backend.batches.models import Batch
from backend.batches.rules import BatchState
from tests.faults.processes import judge
from tests.faults.processes.drill import Databases, Deposit, Drill, databases
from tests.faults.processes.stack import Stack, short_folder
from tests.faults.processes.town import Citizen, Town

QUIET_BLOCKS = 8
"""A runner that must not send is watched for so long; one that may needs two."""
COPY = "copy started, then the original beside it"
RESTORE = "restore of a backup of yesterday"
AGAIN = "second restore of the same backup"
OLDER_STORE = "older wallet store"
ACTS = (COPY, RESTORE, AGAIN, OLDER_STORE)
HEADS = (
    "case",
    "acknowledged",
    "lost",
    "of them paid on chain",
    "listed",
    "points adopted",
    "paid twice",
    "unequal at the end",
)


UNPAID = {COPY: 0, RESTORE: 3, AGAIN: 4, OLDER_STORE: 0}
"""Claims that are lost and unpaid by design: three that were acknowledged and never sent, and one
that was claimed again after the first restore and waits for a person."""


@dataclass
class Line:
    """What one act lost and found.

    Attributes:
        acknowledged: Claims answered with 2xx so far.
        lost: Those that the database in use does not know, and no line before it told.
        lost_paid: Those of them that the chain has paid.
        listed: Orphans that the system listed, by kind.
        adopted_units: Points that two people took into the books.
        twice: Deposits that the chain has paid more than once.
        differences: Rows of `reconcile` at the end.
    """

    case: str
    acknowledged: int
    lost: int
    lost_paid: int
    listed: Counter[str] = field(default_factory=Counter)
    adopted_units: int = 0
    twice: int = 0
    differences: list[str] = field(default_factory=list)

    def cells(self) -> list[str]:
        """Return the line of the table."""
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(self.listed.items()))
        counts = (self.adopted_units // 100, self.twice, len(self.differences))
        lost = (self.acknowledged, self.lost, self.lost_paid)
        return [self.case, *map(str, lost), listed or "–", *map(str, counts)]


class Story:
    """All acts on one stack."""

    def __init__(self, drill: Drill, databases: Databases) -> None:
        self._drill, self._databases = drill, databases
        self._stack, self._town = drill.stack, drill.town
        self._file = self._stack.folder / "backup.zip"
        self._told: set[str] = set()
        self._old_store = self._stack.folder / "wallet-old.db"

    def play(self, acts: Sequence[str] = ACTS) -> Iterator[Line]:
        """Play acts in turn, after the work that all of them come from."""
        self._work_before()
        self._back_up()
        self._work_after()
        moves: dict[str, Callable[[], Line]] = {
            COPY: self._start_a_copy,
            RESTORE: self._restore_first,
            AGAIN: self._restore_again,
            OLDER_STORE: self._return_to_an_older_store,
        }
        for act in acts:
            yield moves[act]()

    # --- work -------------------------------------------------------------------------------------

    def _work_before(self) -> None:
        self._stack.start_backend()
        self._people = self._town.arrive()
        self._drill.claim(self._people, 3)
        self._drill.settle()
        self._pay(self._people)
        self._town.cash_out(self._drill.answers)
        self._drill.settle()

    def _back_up(self) -> None:
        """Make the backup with work under way, and somebody who has no address yet."""
        self._stack.want("jobs", is_wanted=False)
        self._late = self._town.arrive()[:1]
        self._drill.claim([*self._people[:2], *self._late], 1)
        self._town.pay(self._people[0], self._drill.answers)
        self._asked = self._town.ask_for_payment()
        assert "rows of" in self._stack.command("backup", str(self._file))
        store = self._stack.folder / "wallet.db"
        with (
            closing(sqlite3.connect(store)) as new,
            closing(sqlite3.connect(self._old_store)) as old,
        ):
            new.backup(old)
        self._in_backup = {deposit.claim_id for deposit in self._drill.deposits}

    def _work_after(self) -> None:
        """Let a day pass that the backup does not know."""
        # Confirmed before it lapses, and long after the backup.
        self._town.accept(self._asked, self._people[1], self._drill.answers)
        self._stack.tomorrow()
        self._stack.want("jobs", is_wanted=True)
        self._drill.wait(self._stack.web_answers, "the web process is back")
        self._new = self._town.arrive()[:2]
        self._drill.claim([*self._people, *self._late, *self._new], 2)
        self._drill.settle()
        self._pay([*self._people, *self._late, *self._new])
        self._town.cash_out(self._drill.answers)
        self._drill.settle()
        self._pay(self._people)
        assert judge.differences(self._stack) == []

    def _pay(self, citizens: Sequence[Citizen]) -> None:
        before = len(self._drill.answers.payments)
        for citizen in citizens:
            self._town.pay(citizen, self._drill.answers)
        assert len(self._drill.answers.payments) == before + len(citizens), self._drill.answers
        self._drill.settle()

    # --- acts -------------------------------------------------------------------------------------

    def _start_a_copy(self) -> Line:
        """Start a copy of the database, and then the original beside it."""
        drill, stack = self._drill, self._stack
        stack.want("jobs", is_wanted=False)
        drill.claim(self._people, 1)
        stack.stop_backend()
        stack.use(self._databases.copy("original", "copied", closing=stack.database))
        stack.start_backend()
        drill.wait(drill.is_restored, "the copy has an incarnation of its own")
        assert "database_was_copied" in stack.posts["jobs"].log.read_text()
        drill.settle()
        self._watch_a_rival("original")
        # The older one may still stop: it takes what the copy has minted for a stranger's.
        drill.unpause()
        drill.claim(self._people, 1)
        drill.settle()
        return self._end(self._begin(COPY))

    def _restore_first(self) -> Line:
        return self._restore("first", RESTORE)

    def _restore_again(self) -> Line:
        return self._restore("second", AGAIN, rival="first")

    def _restore(self, name: str, case: str, rival: str = "") -> Line:
        drill, stack = self._drill, self._stack
        # Acknowledged, never sent: nobody but the phone remembers these.
        stack.want("jobs", is_wanted=False)
        unsent = drill.claim(self._people[:3], 1)
        stack.stop_backend()
        stack.use(self._databases.create(name))
        assert "are back" in stack.command("restore", str(self._file))
        stack.start_backend()
        drill.wait(drill.is_restored, "the restore is finished")
        line = self._begin(case)
        drill.sign_staff_in()
        if rival:
            self._watch_a_rival(rival)
        drill.wait(drill.is_mint_paused, "the guardian stops issuance")
        self._claim_while_stopped(unsent[0])
        line.listed = Counter(orphan["kind"] for orphan in drill.orphans())
        # A line for each, one before, and one that counts the acts behind them.
        assert len(stack.command("orphans", status=1).splitlines()) == line.listed.total() + 2
        # What the backup knew to be under way has to end first: the day's burns are made of it.
        drill.wait(lambda: "payments" not in judge.still_open(stack), "old payments are settled")
        line.adopted_units = drill.adopt_all()
        assert "has its row" in stack.command("orphans")
        drill.unpause()
        drill.settle()
        drill.claim(self._people, 1)
        self._pay(self._people[:2])
        return self._end(line)

    def _claim_while_stopped(self, forgotten: Deposit) -> None:
        """Issuance waits, and evidence of the lost day waits for a person."""
        drill = self._drill
        before = drill.nonces()["minter"]
        drill.present(forgotten)
        (fresh,) = drill.claim(self._people[:1], 1)
        for deposit, state in ((forgotten, ClaimState.REVIEW), (fresh, ClaimState.ACCEPTED)):
            drill.wait(lambda d=deposit, s=state: drill.row_of(d).state == s, "a verdict")  # type: ignore[misc]  # bound now
        self._stack.anvil.wait_for_blocks(QUIET_BLOCKS)
        assert drill.nonces()["minter"] == before

    def _return_to_an_older_store(self) -> Line:
        """Give the wallet service a store that knows neither the last keys nor the last nonces."""
        drill, stack = self._drill, self._stack
        fresh = self._town.arrive()[:1]
        drill.claim(fresh, 1)
        drill.settle()
        # Signed, and unknown to the older journal.
        stack.anvil.is_mining = False
        drill.claim(self._people[:2], 1)
        is_sent = col(Batch.state) == BatchState.SENT
        drill.wait(lambda: drill.count(Batch, is_sent), "bytes are sent")
        kept = stack.swap_wallet_store(self._old_store)
        drill.claim(self._people[2:], 1)
        stack.anvil.is_mining = True
        drill.settle()
        returned = stack.command("return-salts")
        assert f"the keys of {drill.count_addresses()} addresses" in returned
        self._pay([*fresh, *self._people[:1]])
        assert drill.signed_twice([kept, stack.folder / "wallet.db"]) == []
        return self._end(self._begin(OLDER_STORE))

    def _watch_a_rival(self, name: str) -> None:
        """Start a runner on an older database: it says what it is, and sends nothing."""
        stack, before = self._stack, self._drill.nonces()
        log = stack.start_second_jobs(self._databases.url(name))
        self._drill.wait(lambda: "superseded" in log.read_text(), "the older one knows")
        stack.anvil.wait_for_blocks(QUIET_BLOCKS)
        stack.want("second jobs", is_wanted=False)
        assert self._drill.nonces() == before

    def _begin(self, case: str) -> Line:
        """Count what the database in use does not know of all that was acknowledged."""
        drill = self._drill
        known = drill.stored_claims() | self._told
        lost = [deposit for deposit in drill.deposits if deposit.claim_id not in known]
        self._told |= {deposit.claim_id for deposit in lost}
        assert not self._in_backup & self._told
        return Line(case, len(drill.deposits), len(lost), sum(map(bool, drill.paid(lost))))

    def _end(self, line: Line) -> Line:
        line.twice = sum(times > 1 for times in self._drill.paid(self._drill.deposits))
        line.differences = judge.differences(self._stack)
        return line


def play(engine: str, acts: Sequence[str] = ACTS) -> list[Line]:
    """Play acts on a fresh system on an engine, "sqlite" or "postgresql"."""
    with (
        short_folder() as folder,
        databases(engine, folder) as lent,
        Stack(folder, lent.create("original")).running() as stack,
    ):
        return list(Story(Drill(stack, Town(stack)), lent).play(acts))


def complaints(lines: Sequence[Line]) -> list[str]:
    """Return what is wrong: paid twice, unequal, or lost without a reason."""
    found = []
    for line in lines:
        if line.twice:
            found.append(f"{line.case}: {line.twice} deposits were paid twice")
        found += [f"{line.case}: {difference}" for difference in line.differences]
        unpaid = line.lost - line.lost_paid
        if unpaid != UNPAID[line.case]:
            found.append(f"{line.case}: {unpaid} claims are gone, not {UNPAID[line.case]}")
    return found


def main() -> int:
    """Play everything; 1 when something is wrong."""
    wrong = []
    for engine in ("sqlite", "postgresql"):
        lines = play(engine)
        print(table(engine, lines), flush=True)
        wrong += complaints(lines)
    print("\n".join(wrong) or "\nNothing was paid twice, and the books are equal.")
    return 1 if wrong else 0


def table(engine: str, lines: Sequence[Line]) -> str:
    """Return what `docs/faults.md` shows."""
    rows = [HEADS, ["---"] * len(HEADS), *(line.cells() for line in lines)]
    return f"\n{engine}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
