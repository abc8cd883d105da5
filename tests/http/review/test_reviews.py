"""Routes of review and of imports: who may call them and what they answer."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend.accounts import service as accounts
from backend.accounts import sessions
from backend.accounts.rules import Role
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.api import reviews, stations
from backend.db.engine import Database
from backend.http import problems
from backend.review import service as review
from backend.review.service import About
from backend.territory import service as territory
from backend.territory.sources import communes
from tests.support.clock import FrozenClock

API = "/api/v1"
DATA = Path(__file__).parents[3] / "data" / "communes"
CSV = (
    "ref,name,kind,address,latitude,longitude,materials\n"
    "1,Point tri,street,3 rue des Pins,43.292,5.57,glass\n"
    "2,Au large,street,en mer,42.9,5.1,glass\n"
)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def client(database: Database, clock: FrozenClock) -> TestClient:
    app = FastAPI()
    app.state.database, app.state.clock = database, clock
    problems.install(app)
    for module in (reviews, stations):
        app.include_router(module.router, prefix=API)
    return TestClient(app)


def sign_in(client: TestClient, database: Database, clock: FrozenClock, role: Role) -> str:
    with database.transaction() as session:
        account = accounts.seed_staff(
            session, email="staff@example.org", display_name="S", role=role, now=clock.now()
        )
        token = sessions.open_session(session, account, now=clock.now())
    client.cookies.set("calanque", token)
    return account.id


def sign_in_citizen(client: TestClient, database: Database, clock: FrozenClock) -> str:
    with database.transaction() as session:
        signed_in = sessions.start_anonymous(session, now=clock.now())
    client.cookies.set("calanque", signed_in.token)
    return signed_in.account.id


def make_claim(database: Database, clock: FrozenClock, account_id: str, state: ClaimState) -> str:
    with database.transaction() as session:
        claim = Claim(
            incarnation=1,
            account_id=account_id,
            idempotency_key="key-00001",
            body_hash="",
            kind="deposit",
            code_ref="deposit:1:1",
            device_number=1,
            occurred_at=clock.now(),
            received_at=clock.now(),
            evidence={},
            state=state,
        )
        session.add(claim)
        session.flush()
        if state == ClaimState.REVIEW:
            about = About(claim.id or 0, claim.public_id, account_id)
            reasons = [{"code": "acts_many", "facts": {"count": 17, "limit": 16}}]
            review.open_doubt(session, about, reasons=reasons, at=clock.now())
        return claim.public_id


def test_a_reviewer_sees_and_decides_a_case(
    client: TestClient, database: Database, clock: FrozenClock
) -> None:
    claim = make_claim(database, clock, "alice", ClaimState.REVIEW)
    sign_in(client, database, clock, Role.REVIEWER)

    [case] = client.get(f"{API}/reviews").json()
    body = {"decision": "refuse", "reason_code": "not_plausible"}
    decided = client.post(f"{API}/reviews/{claim}/decision", json=body)
    again = client.post(f"{API}/reviews/{claim}/decision", json=body)

    assert (case["claim"], case["reasons"][0]["code"]) == (claim, "acts_many")
    assert "alice" not in str(case)
    assert (decided.status_code, decided.json()["state"]) == (200, "refused")
    assert (again.status_code, again.json()["code"]) == (404, "review_case_not_found")


def test_a_reason_must_be_a_public_code(
    client: TestClient, database: Database, clock: FrozenClock
) -> None:
    claim = make_claim(database, clock, "alice", ClaimState.REVIEW)
    sign_in(client, database, clock, Role.REVIEWER)

    body = {"decision": "refuse", "reason_code": "because"}

    assert client.post(f"{API}/reviews/{claim}/decision", json=body).status_code == 422


def test_a_citizen_appeals_a_refusal_of_their_own_once(
    client: TestClient, database: Database, clock: FrozenClock
) -> None:
    claim = make_claim(
        database, clock, sign_in_citizen(client, database, clock), ClaimState.REFUSED
    )

    first = client.post(f"{API}/claims/{claim}/appeal", json={"statement": "J’y étais."})
    second = client.post(f"{API}/claims/{claim}/appeal", json={"statement": "Encore."})

    assert (first.status_code, first.json()["cause"]) == (201, "appeal")
    assert (second.status_code, second.json()["code"]) == (409, "appeal_not_possible")
    sign_in_citizen(client, database, clock)
    foreign = client.post(f"{API}/claims/{claim}/appeal", json={"statement": "Moi."})
    assert foreign.status_code == 404


@pytest.mark.parametrize("role", [None, Role.FIELD])
def test_nobody_else_reviews(
    client: TestClient, database: Database, clock: FrozenClock, role: Role | None
) -> None:
    if role is not None:
        sign_in(client, database, clock, role)

    assert client.get(f"{API}/reviews").status_code == (401 if role is None else 403)


def test_field_staff_try_an_import_and_then_do_it(
    client: TestClient, database: Database, clock: FrozenClock
) -> None:
    facts = communes.read((DATA / "amp.csv").read_text(), (DATA / "amp.geojson").read_text())
    with database.transaction() as session:
        territory.seed_communes(session, facts)
    sign_in(client, database, clock, Role.FIELD)
    body = {"format": "csv", "content": CSV}

    tried = client.post(f"{API}/stations/imports", json=body).json()
    before = client.get(f"{API}/stations").json()
    done = client.post(f"{API}/stations/imports", json=body | {"dry_run": False}).json()

    assert tried["counts"] == done["counts"] == {"create": 1, "refused": 1}
    assert tried["lines"][1]["problems"] == ["its position lies outside of the territory"]
    assert before == []
    [station] = client.get(f"{API}/stations?commune=13005").json()
    assert (station["name"], station["materials"]) == ("Point tri", ["glass"])
    unreadable = client.post(f"{API}/stations/imports", json=body | {"content": "x"})
    assert (unreadable.status_code, unreadable.json()["code"]) == (422, "import_unreadable")
