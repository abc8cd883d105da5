"""What an operator of shared car trips may report, and what it hears."""

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from backend.app import create_app
from backend.carpool.models import CarpoolJourney
from backend.db.engine import Database
from backend.devices import requests
from backend.settings import Settings
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock

PATH = "/api/v1/carpool/journeys"
SECRET = "5e" * 32


@pytest.fixture
def app(sqlite_url: str, clock: FrozenClock) -> FastAPI:
    settings = Settings(database_url=sqlite_url, identity_secret=SECRET)  # type: ignore[arg-type]  # as the environment gives it
    return create_app(settings, clock=clock)


def body_of(clock: FrozenClock, **changes: Any) -> dict[str, Any]:
    """What an operator sends the register, with the tickets that it gives out."""
    started = clock.now() - timedelta(minutes=25)
    body = {
        "operator_journey_id": "J-1",
        "operator_trip_id": "T-1",
        "operator_class": "C",
        "incentives": [],
        "start": {"datetime": started.isoformat(), "lat": 43.292, "lon": 5.57},
        "end": {
            "datetime": (started + timedelta(minutes=20)).isoformat(),
            "lat": 43.53,
            "lon": 5.45,
        },
        "distance": 31_000,
        "driver": {"identity": {"identity_key": "ab" * 32, "phone": "+33601020304"}, "revenue": 0},
        "passenger": {"identity": {"identity_key": "cd" * 32}, "contribution": 0},
        "tickets": {"driver": "J1D", "passenger": "J1P"},
    }
    return body | changes


def post(client: TestClient, terminal: Terminal, clock: FrozenClock, body: dict[str, Any]) -> Any:
    content = json.dumps(body).encode()
    header = requests.sign(
        terminal.key, device=terminal.number, method="POST", path=PATH, body=content, at=clock.now()
    )
    headers = {"Authorization": header, "Content-Type": "application/json"}
    return client.post(PATH, content=content, headers=headers)


@pytest.fixture
def operator(database: Database, clock: FrozenClock) -> Terminal:
    return builders.make_operator(database, clock)


def test_an_operator_reports_the_body_that_it_sends_the_register(
    stranger: TestClient, operator: Terminal, clock: FrozenClock
) -> None:
    answer = post(stranger, operator, clock, body_of(clock))

    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "recorded"


def test_nothing_that_names_somebody_is_kept(
    stranger: TestClient, database: Database, operator: Terminal, clock: FrozenClock
) -> None:
    post(stranger, operator, clock, body_of(clock))

    with database.reading() as session:
        (journey,) = session.exec(select(CarpoolJourney)).all()
    kept = journey.model_dump_json()
    assert "ab" * 32 not in kept
    assert "+336" not in kept
    assert "43.29" not in kept


def test_a_journey_that_fails_on_arrival_is_refused_and_kept(
    stranger: TestClient, database: Database, operator: Terminal, clock: FrozenClock
) -> None:
    answer = post(stranger, operator, clock, body_of(clock, distance=1_500))

    assert answer.status_code == 422
    assert answer.json()["code"] == "carpool_journey_refused"
    assert "distance_too_short" in answer.json()["detail"]
    with database.reading() as session:
        assert len(session.exec(select(CarpoolJourney)).all()) == 1


def test_a_kiosk_cannot_report_a_journey(
    stranger: TestClient, database: Database, clock: FrozenClock
) -> None:
    kiosk = builders.make_kiosk(database, clock)

    answer = post(stranger, kiosk, clock, body_of(clock))

    assert answer.json()["code"] == "device_request_refused"


def test_an_unsigned_report_is_refused(stranger: TestClient, clock: FrozenClock) -> None:
    answer = stranger.post(PATH, json=body_of(clock))

    assert answer.json()["code"] == "device_request_refused"


@pytest.mark.parametrize(
    "change",
    [
        {"operator_class": "D"},
        {"distance": -1},
        {"start": {"datetime": "2026-06-15T09:00:00", "lat": 43.3, "lon": 5.4}},
        {"start": {"datetime": "2026-06-15T09:00:00Z", "lat": "NaN", "lon": 5.4}},
        {"operator_journey_id": "../x"},
        {"tickets": {"driver": "same", "passenger": "much-too-long-for-a-serial"}},
    ],
)
def test_a_broken_report_is_refused_with_its_place(
    stranger: TestClient, operator: Terminal, clock: FrozenClock, change: dict[str, Any]
) -> None:
    answer = post(stranger, operator, clock, body_of(clock, **change))

    assert answer.status_code == 422
    assert answer.json()["errors"], answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"tickets": {"driver": "J1", "passenger": "J1"}},
        {"driver": {"identity": {"identity_key": "cd" * 32}}},
        {"end": {"datetime": "2020-06-15T09:00:00Z", "lat": 43.3, "lon": 5.4}},
    ],
)
def test_two_people_two_tickets_and_time_forward(
    stranger: TestClient, operator: Terminal, clock: FrozenClock, change: dict[str, Any]
) -> None:
    answer = post(stranger, operator, clock, body_of(clock, **change))

    assert answer.status_code == 422, answer.text


def test_a_journey_is_reported_when_it_is_over(
    stranger: TestClient, operator: Terminal, clock: FrozenClock
) -> None:
    end = {"datetime": (clock.now() + timedelta(hours=1)).isoformat(), "lat": 43.5, "lon": 5.4}

    answer = post(stranger, operator, clock, body_of(clock, end=end))

    assert answer.json()["code"] == "carpool_journey_not_over"
