"""A citizen gives points to an association, which gets what any merchant gets."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from fastapi.testclient import TestClient

from backend.market.models import Payment
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


@pytest.fixture
def lou(town: Town) -> str:
    """Account of a citizen with 20 points."""
    return town.citizen("lou@test.example", points=20)


def _give(phone: TestClient, form: Fields, amount: str) -> tuple[str, str]:
    """Give points from the list of associations; return the receipt's path and page."""
    (path,) = re.findall(r'href="(/boutique/\w+)"', phone.get("/dons").text)
    asked = phone.post(path, data={**form(phone.get(path).text), "amount": amount})
    token = form(asked.text)["form_token"]
    answers = [phone.post(asked.url.path, data={"form_token": token}) for _ in range(2)]
    assert "aucune réduction d’impôt" in asked.text, "said before one says yes"
    return answers[1].url.path, answers[1].text


def test_a_gift_moves_points_once_and_its_receipt_says_what_it_is(
    town: Town, lou: str, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(lou)

    path, page = _give(phone, form, "7,5")

    assert "Merci, c’est donné" in page
    assert "aucune réduction d’impôt" in page
    assert re.findall(r'id="confirmed">([^<]*)<', phone.get("/").text) == ["12,5"]
    pdf = phone.get(f"{path}/recu.pdf")
    assert pdf.content.startswith(b"%PDF")
    assert len(BytesIO(pdf.content).getvalue()) > 5_000
    with town.database.reading() as session:
        assert session.get_one(Payment, path.rsplit("/", 1)[-1]).way == "donation"


def test_an_association_sees_gifts_at_its_till_and_cashes_out_like_a_shop(
    town: Town, lou: str, browser_of: BrowserOf, form: Fields
) -> None:
    _give(browser_of(lou), form, "10")
    town.settle_payments()
    till = browser_of(town.helper.id)

    page = till.get("/caisse").text
    assert "Don" in page
    out = till.post("/caisse/encaisser", data=form(page))

    assert out.status_code == 200
    assert "1,00" in out.text


def test_nobody_gives_by_looking_and_shops_are_not_in_the_list(
    town: Town, lou: str, browser_of: BrowserOf
) -> None:
    phone = browser_of(lou)

    listed = phone.get("/dons").text
    phone.get(f"/boutique/{town.association.id}")

    assert town.association.id in listed
    assert town.shop.id not in listed
    assert re.findall(r'id="confirmed">([^<]*)<', phone.get("/").text) == ["20"]


def test_what_is_paid_to_a_shop_is_no_gift(
    town: Town, lou: str, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(lou)
    path = f"/boutique/{town.shop.id}"

    asked = phone.post(path, data={**form(phone.get(path).text), "amount": "5"})

    assert "réduction d’impôt" not in asked.text
