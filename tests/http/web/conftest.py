"""A town behind the real application, and browsers of the people who live in it."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.clock import FrozenClock
from tests.support.town import Town

HTML = {"Accept": "text/html", "Accept-Language": "fr-FR,fr;q=0.9", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="session")
def blueprint(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Town]:
    """A town built once, and the file that holds it: building takes longer than most tests."""
    folder = tmp_path_factory.mktemp("town")
    path = folder / "town.db"
    shutil.copy(sqlite_template, path)
    town = Town(f"sqlite:///{path}", FrozenClock(), folder / "mail")
    town.database.dispose()
    return path, town


@pytest.fixture
def town(blueprint: tuple[Path, Town], clock: FrozenClock, tmp_path: Path) -> Iterator[Town]:
    """The town, in a database of its own."""
    built_path, built = blueprint
    path = tmp_path / "calanque.db"
    shutil.copy(built_path, path)
    town = Town(f"sqlite:///{path}", clock, tmp_path / "mail", like=built)
    yield town
    town.database.dispose()


@pytest.fixture
def stranger(town: Town) -> Iterator[TestClient]:
    """A browser without a session, while the application runs."""
    with TestClient(town.app, headers=HTML, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def browser_of(town: Town, stranger: TestClient) -> Callable[[str], TestClient]:
    """Make a browser that is signed in to an account."""

    def make(account_id: str) -> TestClient:
        client = TestClient(
            town.app,
            headers=HTML,
            base_url="http://127.0.0.1:8000",
            cookies={"calanque": town.sign_in(account_id)},
        )
        # One event loop for all browsers: the one that the application started in.
        client.portal = stranger.portal
        return client

    return make


@pytest.fixture
def form() -> Callable[[str], dict[str, str]]:
    """Read the hidden fields of the forms on a page."""

    def fields(page: str) -> dict[str, str]:
        return dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page))

    return fields
