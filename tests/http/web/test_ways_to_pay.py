"""Paying from a shop's poster and from a card at the till."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from backend.cards import rules as card_rules
from backend.cards import service as cards
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


@pytest.fixture
def lou(town: Town) -> str:
    """Account of a citizen with 20 points."""
    return town.citizen("lou@test.example", points=20)


def _confirmed(phone: TestClient) -> list[str]:
    return re.findall(r'id="confirmed">([^<]*)<', phone.get("/").text)


def test_a_citizen_scans_the_poster_types_the_amount_and_pays_once(
    town: Town, lou: str, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(lou)
    page = phone.get(f"/B/{town.shop.id}".upper())
    fields = {**form(page.text), "amount": "7,5"}

    asked = [phone.post(page.url.path, data=fields) for _ in range(2)]
    paths = {answer.url.path for answer in asked}
    (path,) = paths
    for _ in range(2):
        paid = phone.post(path, data={"form_token": fields["form_token"]})

    assert "Payé" in paid.text
    assert _confirmed(phone) == ["12,5"]
    till = browser_of(town.baker.id).get("/caisse").text
    assert re.findall(r'id="today">([^<]*)<', till) == ["7,5"]


def test_a_wrong_amount_at_the_poster_comes_back_with_the_reason(
    town: Town, lou: str, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(lou)
    path = f"/boutique/{town.shop.id}"

    answer = phone.post(path, data={**form(phone.get(path).text), "amount": "beaucoup"})

    assert answer.status_code == 422
    assert 'id="amount-problem"' in answer.text


def _scan(
    town: Town, till: TestClient, form: Fields, code: str, amount: str, **more: str
) -> tuple[int, str]:
    path = f"/caisse/carte/{town.shop.id}"
    fields = {**form(till.get(path).text), "code": code, "amount": amount, **more}
    answers = [till.post(path, data=fields) for _ in range(2)]
    assert len({answer.url.path for answer in answers}) == 1
    return answers[0].status_code, answers[0].text


def test_the_till_scans_the_code_on_the_phone_and_both_have_a_receipt(
    town: Town, lou: str, browser_of: BrowserOf, form: Fields
) -> None:
    till, phone = browser_of(town.baker.id), browser_of(lou)
    with town.database.transaction() as session:
        _, secret = cards.show(session, lou, at=town.clock.now())

    status, page = _scan(town, till, form, card_rules.url_of(secret, "http://x"), "5")

    assert (status, 'data-state="accepted"' in page) == (200, True)
    assert _confirmed(phone) == ["15"]
    (payment_path,) = set(re.findall(r'href="(/paiements/\w+)"', phone.get("/").text))
    for side, path in ((phone, payment_path), (till, payment_path.replace("paiements", "caisse"))):
        pdf = side.get(f"{path}/recu.pdf")
        assert pdf.headers["content-type"] == "application/pdf"
        assert pdf.content.startswith(b"%PDF")


def test_a_paper_card_needs_the_pin_even_for_a_small_amount(
    town: Town, lou: str, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    with town.database.transaction() as session:
        _, secret = cards.issue(session, lou, at=town.clock.now())

    status, page = _scan(town, till, form, secret, "5")

    assert status == 409
    assert "pas encore de code secret" in page
    assert _confirmed(browser_of(lou)) == ["20"]


def test_a_code_that_is_over_pays_nothing(
    town: Town, lou: str, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    with town.database.transaction() as session:
        _, secret = cards.show(session, lou, at=town.clock.now())
    town.clock.advance(minutes=4)

    status, page = _scan(town, till, form, secret, "5")

    assert status in {404, 409}
    assert 'id="card-problem"' in page
    assert _confirmed(browser_of(lou)) == ["20"]


def test_a_shop_prints_its_poster_and_nobody_elses(
    town: Town, lou: str, browser_of: BrowserOf
) -> None:
    path = f"/caisse/affiche/{town.shop.id}.pdf"

    assert browser_of(town.baker.id).get(path).content.startswith(b"%PDF")
    assert browser_of(lou).get(path).status_code == 403


def test_the_code_on_a_phone_needs_the_pin_above_twenty_points(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till, rich = browser_of(town.baker.id), town.citizen("max@test.example", points=40)
    with town.database.transaction() as session:
        _, secret = cards.show(session, rich, at=town.clock.now())

    status, page = _scan(town, till, form, secret, "20,01")

    assert (status, "pas encore de code secret" in page) == (409, True)
