"""A town behind the real application, and browsers of the people who live in it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.support.clock import FrozenClock
from tests.support.town import Town

HTML = {"Accept": "text/html", "Accept-Language": "fr-FR,fr;q=0.9", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def town(sqlite_url: str, clock: FrozenClock, tmp_path: Path) -> Iterator[Town]:
    """The town, its database disposed of in the end."""
    town = Town(sqlite_url, clock, tmp_path / "mail")
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
