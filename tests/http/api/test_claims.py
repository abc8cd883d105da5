"""Scanning, over HTTP: what is kept, what is refused and in which words."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from backend.actions.models import Claim
from backend.db.engine import Database
from backend.devices import service as devices
from backend.devices.rules import RevocationReason
from backend.workflows.decide_claim import decide_next
from tests.support.builders import GLASS_UNITS, REGION, Terminal
from tests.support.clock import FrozenClock

CLAIMS = "/api/v1/claims"


def scan(client: TestClient, code: str, *, key: str = "key-00001") -> Response:
    return client.post(CLAIMS, json={"code": code}, headers={"Idempotency-Key": key})


def problem(response: Response) -> tuple[int, str]:
    """Return (status, code) of a problem document, whose form is checked on the way."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert body["status"] == response.status_code
    assert {"type", "title", "detail", "code", "correlation_id", "errors", "facts"} <= body.keys()
    return response.status_code, body["code"]


def stored(database: Database) -> list[Claim]:
    with database.reading() as session:
        return list(session.exec(select(Claim)).all())


def test_a_scan_is_acknowledged_and_then_explained(
    alice: TestClient, kiosk: Terminal, database: Database, clock: FrozenClock
) -> None:
    answer = scan(alice, kiosk.slot_code())
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    with database.transaction() as session:
        decide_next(session, region=REGION, now=clock.now())

    claim = alice.get(answer.headers["location"]).json()

    assert (claim["state"], claim["units"], claim["edition"]) == ("accepted", GLASS_UNITS, 1)
    assert claim["explanation"]
    assert [tranche["state"] for tranche in claim["tranches"]] == ["ready"]
    assert [row["id"] for row in alice.get("/api/v1/me/claims").json()] == [claim["id"]]
    assert alice.get("/api/v1/me/balance").json()["pending_units"] == GLASS_UNITS


def test_the_whole_url_of_the_screen_works_as_well(alice: TestClient, kiosk: Terminal) -> None:
    url = f"HTTP://127.0.0.1:8000/S/{kiosk.slot_code()}"

    assert scan(alice, url).status_code == 202


def test_a_retry_gets_the_same_claim(alice: TestClient, kiosk: Terminal) -> None:
    code = kiosk.slot_code()

    first, second = scan(alice, code), scan(alice, code)

    assert first.json() == second.json()
    assert second.status_code == 202


def test_a_key_with_another_code_is_a_conflict(alice: TestClient, kiosk: Terminal) -> None:
    scan(alice, kiosk.slot_code())

    answer = scan(alice, kiosk.slot_code(seq=1))

    assert problem(answer) == (409, "idempotency_key_reused")


def test_a_code_that_somebody_took_is_a_conflict_with_a_claim_to_appeal(
    alice: TestClient, bob: TestClient, kiosk: Terminal
) -> None:
    code = kiosk.slot_code()
    scan(alice, code)

    answer = scan(bob, code)

    assert problem(answer) == (409, "code_already_used")
    refused = bob.get(f"{CLAIMS}/{answer.json()['facts']['claim_id']}").json()
    assert (refused["state"], refused["refusal_code"]) == ("refused", "code_already_used")


def test_a_late_code_is_refused_and_kept_for_an_appeal(
    alice: TestClient, kiosk: Terminal, clock: FrozenClock, database: Database
) -> None:
    code = kiosk.slot_code()
    clock.advance(seconds=76)

    assert problem(scan(alice, code)) == (409, "code_expired")
    assert [claim.refusal_code for claim in stored(database)] == ["code_expired"]


def test_a_code_from_the_future_is_refused_and_kept(
    alice: TestClient, kiosk: Terminal, clock: FrozenClock, database: Database
) -> None:
    later = clock.advance(minutes=5)
    code = kiosk.slot_code(at=later)
    clock.advance(minutes=-5)

    assert problem(scan(alice, code)) == (409, "code_early")
    assert [claim.refusal_code for claim in stored(database)] == ["code_early"]


def test_a_withdrawn_terminal_is_refused_and_kept(
    alice: TestClient, kiosk: Terminal, clock: FrozenClock, database: Database
) -> None:
    with database.transaction() as session:
        reason = RevocationReason.COMPROMISED
        devices.revoke(session, kiosk.number, reason=reason, now=clock.now())

    assert problem(scan(alice, kiosk.slot_code())) == (409, "device_revoked")
    assert [claim.refusal_code for claim in stored(database)] == ["device_revoked"]


def test_a_forged_code_stores_nothing(
    alice: TestClient, kiosk: Terminal, clock: FrozenClock, database: Database
) -> None:
    forger = Terminal(kiosk.number, kiosk.kind, clock)

    assert problem(scan(alice, forger.slot_code())) == (422, "code_forged")
    assert stored(database) == []


def test_a_code_of_an_unknown_terminal_stores_nothing(
    alice: TestClient, kiosk: Terminal, clock: FrozenClock, database: Database
) -> None:
    unknown = Terminal(999, kiosk.kind, clock)

    assert problem(scan(alice, unknown.slot_code())) == (422, "device_unknown")
    assert stored(database) == []


@pytest.mark.parametrize("cut", [9, 20, 40])
def test_a_cut_code_stores_nothing(
    alice: TestClient, kiosk: Terminal, database: Database, cut: int
) -> None:
    status, code = problem(scan(alice, kiosk.slot_code()[:-cut]))

    assert (status, code) in ((422, "code_truncated"), (422, "code_malformed"))
    assert stored(database) == []


@pytest.mark.parametrize(
    "code",
    ["HELLO WORLD", "https://evil.example/S/AAAAAAAA", "1234567\u00008", "é" * 30, "🧴" * 20],
)
def test_what_is_no_code_is_a_clear_problem(
    alice: TestClient, kiosk: Terminal, database: Database, code: str
) -> None:
    assert problem(scan(alice, code))[0] == 422
    assert stored(database) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"code": 5}', b'{"code": "short"}', b"{", b'{"code": "\\ud800\\ud800"}'],
)
def test_a_malformed_body_says_where_it_is_wrong(alice: TestClient, body: bytes) -> None:
    headers = {"Idempotency-Key": "key-00001", "Content-Type": "application/json"}

    answer = alice.post(CLAIMS, content=body, headers=headers)

    assert problem(answer) == (422, "request_invalid")
    assert answer.json()["errors"]


@pytest.mark.parametrize("key", ["", "short", "k" * 65])
def test_the_key_has_eight_to_sixty_four_characters(
    alice: TestClient, kiosk: Terminal, key: str
) -> None:
    assert problem(scan(alice, kiosk.slot_code(), key=key)) == (422, "request_invalid")


def test_nothing_is_acknowledged_while_the_database_is_away(
    alice: TestClient, kiosk: Terminal, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise OperationalError("BEGIN", {}, ConnectionError("server closed the connection"))

    for way, name in (("transaction", "intake"), ("reading", "session")):
        with monkeypatch.context() as patch:
            patch.setattr(database, way, away)
            answer = scan(alice, kiosk.slot_code())
        assert problem(answer) == (503, "database_unavailable"), name
        assert answer.headers["retry-after"]
    assert stored(database) == []


def test_nobody_is_ready_while_the_database_is_away(
    stranger: TestClient, kiosk: Terminal, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise OperationalError("BEGIN", {}, ConnectionError("server closed the connection"))

    assert stranger.get("/health/ready").status_code == 200
    monkeypatch.setattr(database, "reading", away)

    assert problem(stranger.get("/health/ready")) == (503, "database_unavailable")
    assert stranger.get("/health/live").status_code == 200


def test_a_database_without_incarnation_is_not_ready(stranger: TestClient) -> None:
    assert problem(stranger.get("/health/ready")) == (503, "issuance_unavailable")


def test_somebody_elses_claim_does_not_exist(
    alice: TestClient, bob: TestClient, kiosk: Terminal
) -> None:
    claim_id = scan(alice, kiosk.slot_code()).json()["id"]

    assert problem(bob.get(f"{CLAIMS}/{claim_id}")) == (404, "claim_not_found")
    assert problem(bob.get(f"{CLAIMS}/no-such-claim")) == (404, "claim_not_found")
    assert bob.get("/api/v1/me/claims").json() == []
