"""Cards from a counter, for somebody without a phone; over the API as the counter calls it."""

import json
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from backend.cards import queries as card_queries
from backend.cards.errors import CardBlockedError
from backend.db.engine import Database
from backend.devices import requests
from backend.devices.rules import DeviceKind
from backend.kernel.errors import EcoError
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock

CARDS = "/api/v1/devices/cards"


def ask(client: TestClient, terminal: Terminal, body: dict[str, Any]) -> Response:
    content = json.dumps(body).encode()
    signed = requests.sign(
        terminal.key,
        device=terminal.number,
        method="POST",
        path=CARDS,
        body=content,
        at=terminal.clock.now(),
    )
    headers = {"Authorization": signed, "Content-Type": "application/json"}
    return client.post(CARDS, content=content, headers=headers)


def make_counter(database: Database, clock: FrozenClock) -> Terminal:
    builders.make_incarnation(database, clock)
    station = builders.make_station(database, clock, kind="counter")
    return builders.make_terminal(database, clock, DeviceKind.COUNTER, station=station)


def holder(database: Database, clock: FrozenClock, code: str) -> str | EcoError:
    with database.reading() as session:
        try:
            return card_queries.account_of(session, code, now=clock.now()).account_id
        except EcoError as error:
            return error


def test_somebody_without_a_phone_gets_a_card_and_a_spare(
    stranger: TestClient, database: Database, clock: FrozenClock
) -> None:
    counter = make_counter(database, clock)

    answer = ask(stranger, counter, {})

    assert answer.status_code == 201
    card, spare = (one["code"] for one in answer.json())
    assert card != spare
    assert holder(database, clock, card) == holder(database, clock, spare)


def test_a_deposit_with_the_new_card_is_taken(
    stranger: TestClient, database: Database, clock: FrozenClock
) -> None:
    counter = make_counter(database, clock)
    card = ask(stranger, counter, {}).json()[0]["code"]
    tokens = [counter.attended_code(card, count=2)]

    first = stranger.post("/api/v1/devices/messages", json={"tokens": tokens}).json()
    again = stranger.post("/api/v1/devices/messages", json={"tokens": tokens}).json()

    assert first[0]["state"] == "pending"
    assert again == first


def test_a_lost_card_is_replaced_by_showing_the_spare(
    stranger: TestClient, database: Database, clock: FrozenClock
) -> None:
    counter = make_counter(database, clock)
    lost, spare = (one["code"] for one in ask(stranger, counter, {}).json())
    owner = holder(database, clock, lost)

    [new] = (one["code"] for one in ask(stranger, counter, {"spare": spare}).json())

    assert isinstance(holder(database, clock, lost), CardBlockedError)
    assert holder(database, clock, new) == holder(database, clock, spare) == owner


def test_only_a_counter_makes_cards(
    stranger: TestClient, database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    kiosk = builders.make_kiosk(database, clock)

    assert ask(stranger, kiosk, {}).status_code == 401
    assert stranger.post(CARDS, json={}).status_code == 401


def test_messages_are_answered_one_by_one(
    stranger: TestClient, database: Database, clock: FrozenClock
) -> None:
    counter = make_counter(database, clock)
    tokens = ["ABCDEFGHIJ", counter.attended_code("2" * 16), counter.deposit_code()]

    told = stranger.post("/api/v1/devices/messages", json={"tokens": tokens}).json()

    assert [one["state"] for one in told] == ["code_malformed", "card_unknown", "code_malformed"]
