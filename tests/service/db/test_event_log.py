import threading
from concurrent.futures import ThreadPoolExecutor

from backend.db import event_log
from backend.db.engine import Database
from tests.support.clock import NOON


def _append(database: Database, kind: str, *, audience: str = "alice") -> None:
    with database.transaction() as session:
        event_log.append(session, kind=kind, subject="1", audience=audience, at=NOON, units=5)


def _kinds_after(database: Database, position: int) -> list[str]:
    with database.reading() as session:
        return [row.kind for row in event_log.after(session, position)]


def test_a_reader_goes_on_where_it_stopped(database: Database) -> None:
    _append(database, "claim_accepted")
    with database.reading() as session:
        position = event_log.latest(session)
    _append(database, "reward_confirmed")

    assert _kinds_after(database, position) == ["reward_confirmed"]
    assert _kinds_after(database, 0) == ["claim_accepted", "reward_confirmed"]


def test_an_empty_log_is_at_position_zero(database: Database) -> None:
    with database.reading() as session:
        assert event_log.latest(session) == 0


def test_an_event_carries_what_a_page_needs(database: Database) -> None:
    _append(database, "claim_accepted", audience="bob")

    with database.reading() as session:
        (row,) = event_log.after(session, 0)

    assert (row.audience, row.subject, row.payload, row.occurred_at) == (
        "bob",
        "1",
        {"units": 5},
        NOON,
    )


def test_a_tailing_reader_misses_no_event_of_concurrent_writers(database: Database) -> None:
    writers, each = 8, 10
    finished = threading.Event()
    seen: list[int] = []

    def tail() -> None:
        position = 0
        is_last_look = False
        while not is_last_look:
            is_last_look = finished.is_set()
            with database.reading() as session:
                for row in event_log.after(session, position):
                    position = row.id or position
                    seen.append(position)

    reader = threading.Thread(target=tail)
    reader.start()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(lambda n: _append(database, f"kind_{n}"), range(writers * each)))
    finished.set()
    reader.join()

    assert len(seen) == writers * each
    assert seen == sorted(seen)
