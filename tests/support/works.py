"""The jobs over a fake chain, a fake wallet service and a real database."""

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session, SQLModel, select

from backend.actions.models import Claim
from backend.batches.models import Batch
from backend.chain.contracts import Contracts
from backend.db.engine import Database
from backend.jobs import runner
from backend.jobs.context import Context
from backend.ledger import queries as ledger_queries
from backend.ledger.names import Currency
from backend.rewards.models import Reward
from backend.workflows.admit_claims import ClaimRequest, admit
from tests.support.builders import REGION
from tests.support.clock import FrozenClock
from tests.support.fake_services import FakeMail, FakeWallet
from tests.support.fakes import DEPLOYMENT, KEYS, FakeNode
from tests.support.register import FakeRegister

Row = TypeVar("Row", bound=SQLModel)

CONFIRMATIONS = 2


class Works:
    """A runner whose clock, chain and failures the test holds.

    Args:
        database: Real one.
        clock: Advanced by `run`.
    """

    def __init__(self, database: Database, clock: FrozenClock) -> None:
        self.database = database
        self.clock = clock
        self.node = FakeNode()
        self.wallet = FakeWallet()
        self.guardian = FakeWallet()
        self.register = FakeRegister(clock)
        self.mail = FakeMail()
        self.context = Context(
            database=database,
            clock=clock,
            node=self.node,
            contracts=Contracts(DEPLOYMENT),
            wallet=self.wallet,
            guardian=self.guardian,
            register=self.register,
            mail=self.mail,
            mail_from="test@calanque.example",
            linger=timedelta(0),
            confirmations_min=CONFIRMATIONS,
            batch_max_items=50,
            publication_margin=timedelta(seconds=15),
            region_codes=REGION,
            partner_keys={},
            key_addresses=KEYS,
            rate_micro_cents_per_unit=100_000,
            custody_cooldown=timedelta(seconds=30),
            public_url="https://calanque.example",
            sepa_folder=Path(tempfile.mkdtemp()) / "sepa",
        )

    def steps(self) -> None:
        """Run every step once, as if all were due."""
        runner.run_once(self.context, runner.steps())

    def run(self, rounds: int = 4) -> None:
        """Run all steps, mine a block and let 20 seconds pass, several times."""
        for _ in range(rounds):
            self.steps()
            self.node.mine()
            self.clock.advance(seconds=20)
        self.steps()

    def claim(self, account_id: str, code: str, *, key: str | None = None) -> Claim:
        """Admit a claim; it must be accepted at the door."""
        request = ClaimRequest(account_id, key or f"key-{hash(code) & 0xFFFFFFFF:08x}", code)
        with self.database.transaction() as session:
            (answer,) = admit(session, [request], now=self.clock.now())
        assert isinstance(answer, Claim), answer
        return answer

    def all(self, table: type[Row]) -> Sequence[Row]:
        """Return the rows of a table."""
        with self.database.reading() as session:
            return session.exec(select(table)).all()

    def states(self, table: type[Batch] | type[Reward]) -> list[str]:
        """Return the states of the rows of a table."""
        return [row.state for row in self.all(table)]

    def units(self, account_name: str) -> int:
        """Return a balance; the books must balance whenever they are looked at."""
        with self.database.reading() as session:
            assert_books_balance(session)
            return ledger_queries.balance(session, account_name)


def assert_books_balance(session: Session) -> None:
    """Entries sum to zero and every running balance is the sum of its entries."""
    assert all(ledger_queries.total(session, currency) == 0 for currency in Currency)
    assert ledger_queries.drifted_accounts(session) == []
