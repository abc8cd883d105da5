"""Routes that terminals and field staff call."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend.accounts import service as accounts
from backend.accounts import sessions
from backend.accounts.rules import Role
from backend.actions.models import Claim
from backend.api import devices
from backend.db.engine import Database
from backend.devices import codes, queries, requests, rules, service
from backend.devices.rules import DeviceKind, RevocationReason
from backend.devices.service import NewDevice
from backend.http import problems
from backend.http.deps import Config
from backend.payouts.rules import Payee
from backend.territory import service as territory
from backend.territory.geo import Position
from backend.territory.models import Commune
from backend.territory.service import StationFacts
from tests.support.clock import FrozenClock

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = KEY.public_key().public_bytes_raw().hex()
API = "/api/v1/devices"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def app(database: Database, clock: FrozenClock) -> FastAPI:
    """The routes at hand with what the application gives them."""
    app = FastAPI()
    app.state.database, app.state.clock = database, clock
    app.state.config = Config(
        public_url="http://127.0.0.1:8000",
        rate_micro_cents_per_unit=100_000,
        mailbox_path=None,
        payer=Payee("Test", "FR7630006000011234567890189"),
    )
    problems.install(app)
    app.include_router(devices.router, prefix="/api/v1")
    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


@pytest.fixture
def code(database: Database, clock: FrozenClock) -> str:
    """The enrolment code of a kiosk at a station of Aubagne."""
    with database.transaction() as session:
        commune = Commune(
            insee_code="13005",
            name="Aubagne",
            kind="commune",
            population=47529,
            postcodes="13400",
            boundary="{}",
        )
        session.add(commune)
        session.flush()
        station = territory.put_station(
            session,
            StationFacts(
                source="test",
                source_ref="1",
                name="Point tri rue des Pins",
                kind="kiosk",
                address="3 rue des Pins",
                commune_code="13005",
                position=Position(43_292_000, 5_570_000),
                materials=("glass", "packaging"),
            ),
            at=clock.now(),
        )
        new = NewDevice(DeviceKind.KIOSK, "Borne", station_id=station.id)
        return service.create_pending(session, new, now=clock.now())[1]


@pytest.fixture
def number(client: TestClient, code: str) -> int:
    answer = client.post(f"{API}/enrol", json={"code": code, "public_key": PUBLIC_KEY})
    found: int = answer.json()["number"]
    return found


def signed(
    client: TestClient,
    clock: FrozenClock,
    method: str,
    path: str,
    *,
    number: int,
    body: bytes = b"",
    age_s: int = 0,
    key: Ed25519PrivateKey = KEY,
) -> Any:
    at = clock.now() - timedelta(seconds=age_s)
    header = requests.sign(key, device=number, method=method, path=path, body=body, at=at)
    headers = {"Authorization": header, "Content-Type": "application/json"}
    return client.request(method, path, content=body, headers=headers)


def test_enrolment_tells_the_terminal_who_it_is(client: TestClient, code: str) -> None:
    answer = client.post(f"{API}/enrol", json={"code": code, "public_key": PUBLIC_KEY})

    assert answer.status_code == 200
    assert answer.json() == {
        "number": 1,
        "kind": "kiosk",
        "name": "Borne",
        "station_name": "Point tri rue des Pins",
        "commune_name": "Aubagne",
        "materials": ["glass", "packaging"],
        "capacity_per_slot": 6,
        "public_url": "http://127.0.0.1:8000",
    }


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({"code": "AAAA-AAAA-AAAA-AAAA", "public_key": PUBLIC_KEY}, 403, "enrolment_refused"),
        ({"code": "AAAA-AAAA-AAAA-AAAA", "public_key": "00"}, 422, "request_invalid"),
        ({}, 422, "request_invalid"),
    ],
)
def test_enrolment_is_refused_without_a_good_code_and_key(
    client: TestClient, body: dict[str, str], status: int, problem: str
) -> None:
    answer = client.post(f"{API}/enrol", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, problem)


def test_heartbeat_records_contact_and_makes_the_code_typable(
    client: TestClient, clock: FrozenClock, number: int, database: Database
) -> None:
    token = codes.encode_slot(KEY, device=number, slot=codes.slot_of(clock.now()), seq=0)
    body = f'{{"software": "test 1", "clock_skew_s": -300, "tokens": ["{token}"]}}'.encode()

    answer = signed(client, clock, "POST", f"{API}/heartbeat", number=number, body=body)

    assert answer.status_code == 200
    assert answer.json()["state"] == "active"
    with database.reading() as session:
        device = queries.need(session, number)
        assert (device.software, device.clock_skew_s) == ("test 1", -300)
        assert device.last_contact_at == clock.now()
        short = rules.short_code(token)
        assert queries.token_of_short(session, short, now=clock.now()) == token


def test_heartbeat_refuses_codes_of_another_device(
    client: TestClient, clock: FrozenClock, number: int
) -> None:
    foreign = codes.encode_slot(
        Ed25519PrivateKey.generate(), device=number, slot=codes.slot_of(clock.now()), seq=0
    )
    body = f'{{"tokens": ["{foreign}"]}}'.encode()

    answer = signed(client, clock, "POST", f"{API}/heartbeat", number=number, body=body)

    assert (answer.status_code, answer.json()["code"]) == (401, "device_request_refused")


@pytest.mark.parametrize(
    "changed",
    [{"age_s": 61}, {"age_s": -61}, {"key": Ed25519PrivateKey.generate()}, {"number": 99}],
)
def test_requests_are_refused_unless_signed_by_the_device_now(
    client: TestClient, clock: FrozenClock, number: int, changed: dict[str, Any]
) -> None:
    facts: dict[str, Any] = {"number": number, "body": b"{}"} | changed

    answer = signed(client, clock, "POST", f"{API}/heartbeat", **facts)

    assert (answer.status_code, answer.json()["code"]) == (401, "device_request_refused")


def test_a_signature_is_good_for_its_own_request_only(
    client: TestClient, clock: FrozenClock, number: int
) -> None:
    header = requests.sign(
        KEY, device=number, method="POST", path=f"{API}/heartbeat", body=b"{}", at=clock.now()
    )

    answer = client.post(f"{API}/heartbeat", content=b"{ }", headers={"Authorization": header})

    assert answer.status_code == 401


def test_an_unsigned_request_is_refused(client: TestClient, number: int) -> None:
    assert client.post(f"{API}/heartbeat", json={}).status_code == 401
    assert client.get(f"{API}/{number}/slot-use?slot=1").status_code == 401


def test_a_revoked_device_hears_it(
    client: TestClient, clock: FrozenClock, number: int, database: Database
) -> None:
    with database.transaction() as session:
        service.revoke(session, number, reason=RevocationReason.RETIRED, now=clock.now())

    answer = signed(client, clock, "POST", f"{API}/heartbeat", number=number, body=b"{}")

    assert (answer.status_code, answer.json()["code"]) == (409, "device_revoked")


def test_slot_use_tells_the_highest_code_taken(
    client: TestClient, clock: FrozenClock, number: int, database: Database
) -> None:
    path = f"{API}/{number}/slot-use?slot=77"
    assert signed(client, clock, "GET", path, number=number).json()["used_seq"] == -1
    with database.transaction() as session:
        for seq in (0, 2, 10):
            session.add(_claim(number, 77, seq, clock))
        session.add(_claim(number, 770, 20, clock))

    answer = signed(client, clock, "GET", path, number=number)

    assert answer.json() == {"slot": 77, "used_seq": 10}


def test_slot_use_of_another_device_is_refused(
    client: TestClient, clock: FrozenClock, number: int
) -> None:
    path = f"{API}/{number + 1}/slot-use?slot=77"

    assert signed(client, clock, "GET", path, number=number).status_code == 401


def test_a_terminal_rotates_its_key_with_the_current_one(
    client: TestClient, clock: FrozenClock, number: int
) -> None:
    following = Ed25519PrivateKey.generate()
    body = f'{{"public_key": "{following.public_key().public_bytes_raw().hex()}"}}'.encode()

    first = signed(client, clock, "POST", f"{API}/rotate", number=number, body=body)
    again = signed(client, clock, "POST", f"{API}/rotate", number=number, body=body)
    beat = f"{API}/heartbeat"
    after = signed(client, clock, "POST", beat, number=number, body=b"{}", key=following)

    assert (first.status_code, again.status_code, after.status_code) == (200, 401, 200)


def test_field_staff_announce_list_and_revoke(
    app: FastAPI, client: TestClient, database: Database, clock: FrozenClock
) -> None:
    _sign_in(client, database, clock, Role.FIELD)

    made = client.post(API, json={"kind": "bin", "name": "Bac 7"})
    listed = client.get(API)
    gone = client.post(f"{API}/{made.json()['number']}/revoke", json={"reason": "compromised"})

    assert made.status_code == 201
    assert len(made.json()["enrolment_code"]) == 19
    assert [device["name"] for device in listed.json()] == ["Bac 7"]
    assert "enrolment_code" not in listed.json()[0]
    assert (gone.json()["state"], gone.json()["revoked_reason"]) == ("revoked", "compromised")


def test_a_device_cannot_stand_at_an_unknown_station(
    client: TestClient, database: Database, clock: FrozenClock
) -> None:
    _sign_in(client, database, clock, Role.FIELD)

    answer = client.post(API, json={"kind": "bin", "name": "Bac 7", "station_id": "nowhere"})

    assert (answer.status_code, answer.json()["code"]) == (404, "station_not_found")


@pytest.mark.parametrize("role", [None, Role.REVIEWER])
def test_nobody_else_sees_or_makes_devices(
    client: TestClient, database: Database, clock: FrozenClock, role: Role | None
) -> None:
    if role is not None:
        _sign_in(client, database, clock, role)
    expected = 401 if role is None else 403

    assert client.get(API).status_code == expected
    assert client.post(API, json={"kind": "bin", "name": "x"}).status_code == expected
    assert client.post(f"{API}/1/revoke", json={"reason": "retired"}).status_code == expected


def _sign_in(client: TestClient, database: Database, clock: FrozenClock, role: Role) -> None:
    with database.transaction() as session:
        account = accounts.seed_staff(
            session, email="field@example.org", display_name="Field", role=role, now=clock.now()
        )
        token = sessions.open_session(session, account, now=clock.now())
    client.cookies.set("calanque", token)


def _claim(device: int, slot: int, seq: int, clock: FrozenClock) -> Claim:
    key = f"slot:{device}:{slot}:{seq}"
    return Claim(
        incarnation=1,
        account_id="alice",
        idempotency_key=key,
        body_hash="",
        kind="slot",
        code_ref=key,
        code_key=key,
        device_number=device,
        occurred_at=clock.now(),
        received_at=clock.now(),
        evidence={},
    )
