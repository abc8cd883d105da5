from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend.batches.rules import BatchState
from backend.db.engine import Database
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.town import Town


@pytest.fixture
def town(sqlite_url: str, clock: FrozenClock, tmp_path: Path) -> Iterator[Town]:
    town = Town(sqlite_url, clock, tmp_path / "mail")
    yield town
    town.database.dispose()


def _client(town: Town, address: str) -> TestClient:
    return TestClient(town.app, client=(address, 40_000))


def test_a_program_on_this_machine_reads_how_much_work_waits(
    town: Town, clock: FrozenClock
) -> None:
    database: Database = town.database
    builders.make_batch(database, clock, state=BatchState.SENT)
    clock.advance(seconds=90)

    answer = _client(town, "127.0.0.1").get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert 'calanque_waiting{stage="chain"} 1.0' in lines
    assert 'calanque_oldest_seconds{stage="chain"} 90.0' in lines
    assert 'calanque_batches{state="sent"} 1.0' in lines
    assert "calanque_missing_nonces 0.0" in lines


@pytest.mark.parametrize(
    ("address", "headers"),
    [("203.0.113.9", {}), ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}), ("unknown", {})],
)
def test_to_everybody_else_there_is_no_such_page(
    town: Town, address: str, headers: dict[str, str]
) -> None:
    answer = _client(town, address).get("/metrics", headers=headers)

    assert answer.status_code == 404
    assert answer.json()["code"] == "page_not_found"
