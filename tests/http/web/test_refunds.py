"""Giving points back at the till, as both sides see it."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


@pytest.fixture
def sides(town: Town, browser_of: BrowserOf, form: Fields) -> tuple[TestClient, TestClient, str]:
    """Till and phone with a registered payment of 12.5 points, and the path of its page."""
    till, phone = browser_of(town.baker.id), browser_of(town.citizen("lou@test.example", points=20))
    fields = form(till.get("/caisse").text)
    path = till.post("/caisse", data={**fields, "amount": "12,5", "label": "Pain"}).url.path
    payer_path = path.replace("/caisse/", "/payer/")
    phone.post(payer_path, data={"form_token": form(phone.get(payer_path).text)["form_token"]})
    town.settle_payments()
    return till, phone, path


def _takings(till: TestClient) -> list[str]:
    return re.findall(r'id="takings">([^<]*)<', till.get("/caisse").text)


def test_a_part_is_given_back_once_and_both_see_it(
    sides: tuple[TestClient, TestClient, str], form: Fields
) -> None:
    till, phone, path = sides
    fields = {**form(till.get(path).text), "amount": "2,5", "reason": "Pain rassis"}

    for _ in range(2):
        page = till.post(f"{path}/rembourser", data=fields).text

    assert "Pain rassis" in page
    assert _takings(till) == ["10"]
    receipt = phone.get(path.replace("/caisse/", "/paiements/")).text
    assert "2,5 points rendus" in receipt
    assert "Pain rassis" in receipt


def test_too_large_a_refund_comes_back_with_the_reason(
    sides: tuple[TestClient, TestClient, str], form: Fields
) -> None:
    till, _, path = sides

    answer = till.post(f"{path}/rembourser", data={**form(till.get(path).text), "amount": "13"})

    assert answer.status_code == 422
    assert 'id="refund-problem"' in answer.text
    assert _takings(till) == ["12,5"]


def test_a_customer_cannot_give_back(
    sides: tuple[TestClient, TestClient, str], form: Fields
) -> None:
    till, phone, path = sides
    fields = form(till.get(path).text)
    own = form(phone.get("/").text) or {}

    answer = phone.post(f"{path}/rembourser", data={**fields, **own, "amount": "1"})

    assert answer.status_code == 403
    assert _takings(till) == ["12,5"]
