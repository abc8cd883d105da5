"""Payments over HTTP, and who may see and do what."""

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from backend.accounts.models import Account
from backend.db.engine import Database
from backend.merchants.models import Merchant
from tests.support import builders
from tests.support.clock import FrozenClock

API = "/api/v1"


@pytest.fixture
def shop(database: Database, clock: FrozenClock) -> Merchant:
    """A shop that takes points."""
    return builders.make_merchant(database, clock)


@pytest.fixture
def till(shop: Merchant, database: Database, client_of: object) -> TestClient:
    """The till of that shop."""
    with database.reading() as session:
        owner = session.get_one(Account, shop.owner_account_id)
    assert callable(client_of)
    client = client_of(owner)
    assert isinstance(client, TestClient)
    return client


@pytest.fixture
def other_till(database: Database, clock: FrozenClock, client_of: object) -> TestClient:
    """The till of another shop."""
    other = builders.make_merchant(database, clock)
    with database.reading() as session:
        owner = session.get_one(Account, other.owner_account_id)
    assert callable(client_of)
    client = client_of(owner)
    assert isinstance(client, TestClient)
    return client


def ask(till: TestClient, shop: Merchant, units: int = 300) -> str:
    body = {"merchant_id": shop.id, "units": units, "label": "pain"}
    answer = till.post(f"{API}/payments", json=body)
    assert answer.status_code == 201, answer.text
    payment_id: str = answer.json()["id"]
    return payment_id


def code_of(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_a_purchase_at_the_till(till: TestClient, alice: TestClient, shop: Merchant) -> None:
    payment_id = ask(till, shop)
    assert alice.get(f"{API}/payments/{payment_id}").json()["state"] == "requested"

    first = alice.post(f"{API}/payments/{payment_id}/accept")
    second = alice.post(f"{API}/payments/{payment_id}/accept")

    assert (first.status_code, first.json()["state"]) == (200, "accepted")
    assert second.json() == first.json()
    balance = alice.get(f"{API}/me/balance").json()
    assert (balance["confirmed_units"], balance["in_flight_units"]) == (700, 300)
    assert till.get(f"{API}/payments/{payment_id}").json()["state"] == "accepted"


def test_too_little_is_said_and_nothing_moves(
    till: TestClient, alice: TestClient, shop: Merchant
) -> None:
    payment_id = ask(till, shop, 1_001)

    answer = alice.post(f"{API}/payments/{payment_id}/accept")

    assert code_of(answer) == (409, "units_insufficient")
    assert alice.get(f"{API}/me/balance").json()["confirmed_units"] == 1_000


def test_a_payment_of_others_does_not_exist(
    till: TestClient, other_till: TestClient, alice: TestClient, bob: TestClient, shop: Merchant
) -> None:
    payment_id = ask(till, shop)
    alice.post(f"{API}/payments/{payment_id}/accept")

    for client in (bob, other_till):
        assert code_of(client.get(f"{API}/payments/{payment_id}")) == (404, "payment_not_found")
    assert code_of(other_till.post(f"{API}/payments/{payment_id}/cancel"))[0] == 404


def test_a_till_acts_for_its_own_shop_only(other_till: TestClient, shop: Merchant) -> None:
    body = {"merchant_id": shop.id, "units": 5, "label": ""}

    answers = [
        other_till.post(f"{API}/payments", json=body),
        other_till.post(f"{API}/merchants/{shop.id}/cash-outs"),
        other_till.get(f"{API}/merchants/{shop.id}/cash-outs"),
    ]

    assert [code_of(answer) for answer in answers] == [(404, "merchant_not_found")] * 3
    assert shop.id not in other_till.get(f"{API}/merchants/mine").text


def test_a_cancelled_request_cannot_be_paid(
    till: TestClient, alice: TestClient, shop: Merchant
) -> None:
    payment_id = ask(till, shop)

    assert till.post(f"{API}/payments/{payment_id}/cancel").json()["state"] == "cancelled"
    answer = alice.post(f"{API}/payments/{payment_id}/accept")

    assert code_of(answer) == (409, "payment_not_open")


def test_a_cash_out_takes_what_makes_whole_cents(
    till: TestClient, shop: Merchant, database: Database, clock: FrozenClock
) -> None:
    assert code_of(till.post(f"{API}/merchants/{shop.id}/cash-outs")) == (
        409,
        "nothing_to_cash_out",
    )
    with database.transaction() as session:
        builders.give_takings(session, shop.id, 1_234, clock)

    answer = till.post(f"{API}/merchants/{shop.id}/cash-outs")

    assert (answer.status_code, answer.json()["units"], answer.json()["euro_cents"]) == (
        201,
        1_230,
        123,
    )
    (mine,) = till.get(f"{API}/merchants/mine").json()
    assert (mine["takings_units"], mine["settling_units"]) == (4, 1_230)


@pytest.mark.parametrize("units", [0, -5, 10**12])
def test_an_impossible_price_is_a_problem(till: TestClient, shop: Merchant, units: int) -> None:
    body = {"merchant_id": shop.id, "units": units, "label": ""}

    assert till.post(f"{API}/payments", json=body).status_code == 422
