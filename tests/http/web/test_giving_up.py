"""A till gives up a sale that the register has put off, as both sides see it."""

from collections.abc import Callable

from fastapi.testclient import TestClient
from sqlmodel import select

from backend.market import cancellations, spends
from backend.market.models import Payment
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


def waiting_sale(town: Town, till: TestClient, phone: TestClient, form: Fields) -> str:
    """A payment that the desk refused for its daily cap; returns the till's path of it."""
    fields = form(till.get("/caisse").text)
    path = till.post("/caisse", data={**fields, "amount": "12,5", "label": "Pain"}).url.path
    payer_path = path.replace("/caisse/", "/payer/")
    phone.post(payer_path, data={"form_token": form(phone.get(payer_path).text)["form_token"]})
    with town.database.transaction() as session:
        payment = session.exec(select(Payment)).one()
        spends.store_authorisation(session, payment.id, nonce="0x" + "0a" * 32, authorisation={})
        spends.put_in_batch(session, [payment.id], "batch")
        code = "RedemptionDesk_MerchantCapExceeded"
        spends.keep_waiting(session, payment, waiting_code=code, at=town.clock.now())
    return path


def test_the_till_gives_up_and_the_points_come_back_once_it_is_final(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till, phone = browser_of(town.baker.id), browser_of(town.citizen("lou@test.example", points=20))
    path = waiting_sale(town, till, phone, form)
    page = till.get(path).text
    assert "Renoncer à cette vente" in page

    page = till.post(f"{path}/renoncer", data=form(page)).text

    assert "Vente en cours d’annulation" in page
    receipt = path.replace("/caisse/", "/paiements/")
    assert "Annulation en cours" in phone.get(receipt).text
    with town.database.transaction() as session:
        payment = session.exec(select(Payment)).one()
        cancellations.settle(session, payment, at=town.clock.now())
    assert "Vous avez renoncé à cette vente" in till.get(path).text
    assert "Annulé par le commerçant, points rendus" in phone.get(receipt).text
    assert "20" in phone.get("/").text


def test_a_customer_and_another_shop_cannot_give_up(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till, phone = browser_of(town.baker.id), browser_of(town.citizen("lou@test.example", points=20))
    path = waiting_sale(town, till, phone, form)
    rival = browser_of(town.rival.id)

    by_customer = phone.post(f"{path}/renoncer", data=form(phone.get("/").text))
    by_rival = rival.post(f"{path}/renoncer", data=form(rival.get("/caisse").text))

    assert (by_customer.status_code, by_rival.status_code) == (403, 404)
    assert "Renoncer à cette vente" in till.get(path).text


def test_a_sale_that_is_not_put_off_is_not_given_up(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    fields = form(till.get("/caisse").text)
    path = till.post("/caisse", data={**fields, "amount": "1"}).url.path

    answer = till.post(f"{path}/renoncer", data=form(till.get(path).text))

    assert answer.status_code == 409
