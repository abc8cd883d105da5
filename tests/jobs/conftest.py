"""A runner over fakes, with a kiosk, an edition and an open incarnation."""

import pytest

from backend.accounts.models import Account
from backend.db.engine import Database
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock
from tests.support.works import Works


@pytest.fixture
def works_database(sqlite_database: Database) -> Database:
    """Where the jobs work: SQLite, unless a module asks for both engines."""
    return sqlite_database


@pytest.fixture
def works(works_database: Database, clock: FrozenClock) -> Works:
    """The jobs, ready to mint under the first edition."""
    builders.make_incarnation(works_database, clock)
    builders.make_edition(works_database, clock)
    works = Works(works_database, clock)
    works.node.books.incarnation = builders.INCARNATION
    return works


@pytest.fixture
def kiosk(works: Works) -> Terminal:
    """A kiosk that takes glass."""
    return builders.make_kiosk(works.database, works.clock)


@pytest.fixture
def alice(works: Works) -> Account:
    """A citizen whose address the jobs still have to ask for."""
    return builders.make_citizen(works.database, works.clock, has_address=False)
