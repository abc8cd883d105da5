"""The whole application over SQLite, and clients of people in every role."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend.accounts.models import Account
from backend.accounts.rules import Role
from backend.app import create_app
from backend.db.engine import Database
from backend.settings import Settings
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock

BASE_URL = "http://127.0.0.1:8000"

ClientOf = Callable[[Account], TestClient]


@pytest.fixture
def app(sqlite_url: str, clock: FrozenClock) -> FastAPI:
    """The application as uvicorn serves it, on a clock that stands still."""
    return create_app(Settings(database_url=sqlite_url), clock=clock)


@pytest.fixture
def database(app: FastAPI) -> Database:
    """The database of the application."""
    found: Database = app.state.database
    return found


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[TestClient]:
    """A program without a session, while the application runs."""
    with TestClient(app, base_url=BASE_URL, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client_of(
    app: FastAPI, stranger: TestClient, database: Database, clock: FrozenClock
) -> ClientOf:
    """Make a client that is signed in to an account."""

    def make(account: Account) -> TestClient:
        token = builders.sign_in(database, clock, account)
        client = TestClient(
            app,
            base_url=BASE_URL,
            cookies={"calanque": token},
            raise_server_exceptions=False,
        )
        # One event loop for all clients, the one in which the intake runs.
        client.portal = stranger.portal
        return client

    return make


@pytest.fixture
def kiosk(database: Database, clock: FrozenClock) -> Terminal:
    """A kiosk for glass where the first edition is in force."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    return builders.make_kiosk(database, clock)


@pytest.fixture
def alice(database: Database, clock: FrozenClock, client_of: ClientOf) -> TestClient:
    """A citizen with 1,000 confirmed units."""
    return client_of(builders.make_citizen(database, clock, units=1_000))


@pytest.fixture
def bob(database: Database, clock: FrozenClock, client_of: ClientOf) -> TestClient:
    """Another citizen."""
    return client_of(builders.make_citizen(database, clock, units=1_000))


@pytest.fixture
def admin(database: Database, clock: FrozenClock, client_of: ClientOf) -> TestClient:
    """Staff who run the service and neither write nor approve rules."""
    return client_of(builders.make_staff(database, clock, Role.ADMIN))
