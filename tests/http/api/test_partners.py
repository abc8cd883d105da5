"""What partner schemes tell us and read from us."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.db.engine import Database
from backend.devices import requests
from backend.partners import service as partners
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock

PATH = "/api/v1/partners/nullifiers"
ONE, TWO = "1" * 64, "2" * 64


class Partner:
    """A scheme that signs its requests."""

    def __init__(self, terminal: Terminal, client: TestClient, clock: FrozenClock) -> None:
        self.number, self._terminal, self._client, self._clock = (
            terminal.number, terminal, client, clock,
        )  # fmt: skip

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send one signed request."""
        content = b"" if body is None else json.dumps(body).encode()
        header = requests.sign(
            self._terminal.key,
            device=self.number,
            method=method,
            path=path,
            body=content,
            at=self._clock.now(),
        )
        headers = {"Authorization": header, "Content-Type": "application/json"}
        return self._client.request(method, path, content=content, headers=headers)


@pytest.fixture
def partner(stranger: TestClient, database: Database, clock: FrozenClock) -> Partner:
    return Partner(builders.make_operator(database, clock), stranger, clock)


def test_a_repeat_stores_nothing_new(partner: Partner) -> None:
    first = partner.call("POST", PATH, {"nullifiers": [ONE, TWO]})
    second = partner.call("POST", PATH, {"nullifiers": [TWO, ONE]})

    assert (first.status_code, first.json()) == (201, {"stored": 2})
    assert second.json() == {"stored": 0}


def test_a_partner_reads_what_we_paid_page_by_page_and_only_its_own(
    partner: Partner, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        partners.store(session, partner.number, [ONE, TWO], direction="ours", at=clock.now())
        partners.store(session, partner.number, ["3" * 64], direction="theirs", at=clock.now())
        partners.store(session, partner.number + 1, ["4" * 64], direction="ours", at=clock.now())

    page = partner.call("GET", PATH).json()
    rest = partner.call("GET", f"{PATH}?after={page['after']}").json()

    assert page["nullifiers"] == [ONE, TWO]
    assert rest == {"nullifiers": [], "after": page["after"]}


def test_what_is_no_pseudonym_is_refused(partner: Partner) -> None:
    answer = partner.call("POST", PATH, {"nullifiers": ["nadia@example.org"]})

    assert answer.status_code == 422


def test_a_stranger_reads_nothing(stranger: TestClient) -> None:
    assert stranger.get(PATH).json()["code"] == "device_request_refused"
