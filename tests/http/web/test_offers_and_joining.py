"""Offers and applications as citizens, merchants and staff meet them."""

import re
from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient

from backend.accounts.rules import Role
from backend.merchants import queries
from backend.workflows import admit_merchant
from tests.support import builders
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]
IBAN = "FR14 2004 1010 0505 0001 3M02 606"
"""The example of the IBAN registry (ISO 13616)."""
SIRET = "732 829 320 00074"
"""The example of Insee's documentation; its check digits hold."""


def _publish(town: Town, till: TestClient, form: Fields, **changes: str) -> tuple[int, str]:
    path = f"/caisse/offres/{town.shop.id}"
    today = town.clock.now().date()
    days = {"starts_on": str(today), "ends_on": str(today + timedelta(days=7))}
    fields = {**form(till.get(path).text), "title": "Deux croissants", "price": "12,5",
              "stock": "2", "per_person": "1", "is_spend_free": "oui"}  # fmt: skip
    answer = till.post(path, data={**fields, **days, **changes})
    return answer.status_code, answer.text


def test_an_offer_from_the_shop_to_the_citizen_who_pays_it(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    phone = browser_of(town.citizen("lou@test.example", points=20))
    status, page = _publish(town, till, form)
    assert status == 200, re.findall(r"offer-problem.*", page)

    listed = phone.get(f"/offres?commune={town.shop.commune_code}").text
    (path,) = re.findall(r'action="(/offres/\w+/reserver)"', listed)
    pay = phone.post(path, data=form(phone.get("/offres").text) | {})
    token = form(pay.text)["form_token"]
    paid = phone.post(pay.url.path, data={"form_token": token}).text

    assert "Deux croissants" in listed
    assert "Payé" in paid
    assert "Limité à 1 par personne" in phone.get("/offres").text
    assert "Deux croissants" in till.get("/caisse").text


def test_a_wrong_field_of_an_offer_comes_back_with_what_was_typed(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    status, page = _publish(town, browser_of(town.baker.id), form, price="gratuit")

    assert status == 422
    assert 'id="offer-problem"' in page
    assert 'value="Deux croissants"' in page


def _apply(phone: TestClient, form: Fields, **changes: object) -> tuple[int, str]:
    fields = {
        **form(phone.get("/devenir-commercant").text),
        "name": "Recyclerie du Port", "kind": "association", "siret": SIRET,
        "address": "3 quai du Port", "commune_code": "13055", "contract": "oui",
        "holder": "Recyclerie du Port", "iban": IBAN,
        "hours": ["", "9h-12h30, 14:00-18:30", "9-17", "", "", "10:00-12:00", ""],
    }  # fmt: skip
    answer = phone.post("/devenir-commercant", data={**fields, **changes})
    return answer.status_code, answer.text


def test_somebody_applies_is_admitted_and_has_a_till(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("port@test.example"))
    admin = browser_of(builders.make_staff(town.database, town.clock, Role.ADMIN).id)
    assert _apply(phone, form)[0] == 200

    queue = admin.get("/admin/commercants").text
    (path,) = re.findall(r'action="(/admin/commercants/\w+/accepter)"', queue)
    token = form(queue)["form_token"]
    assert admin.post(path, data={"form_token": token}).status_code == 200
    again = admin.post(path, data={"form_token": token})

    assert "73282932000074" in queue
    assert "9:00-12:30, 14:00-18:30" in queue
    assert "FR14 … 2606" in queue
    assert again.status_code == 409
    assert "Recyclerie du Port" in phone.get("/caisse").text


def test_a_refusal_says_why(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    phone = browser_of(town.citizen("port@test.example"))
    admin = browser_of(builders.make_staff(town.database, town.clock, Role.ADMIN).id)
    _apply(phone, form)

    queue = admin.get("/admin/commercants").text
    (path,) = re.findall(r'action="(/admin/commercants/\w+/refuser)"', queue)
    token = form(queue)["form_token"]
    admin.post(path, data={"form_token": token, "reason": "Adresse inconnue"})

    assert "Adresse inconnue" in phone.get("/devenir-commercant").text
    assert phone.get("/caisse").status_code == 403


def test_a_wrong_siret_or_no_contract_comes_back(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("port@test.example"))

    for changes in (
        {"siret": "732 829 320 00075"},
        {"contract": ""},
        {"commune_code": "75056"},
        {"iban": "FR15 2004 1010 0505 0001 3M02 606"},
        {"holder": " "},
        {"hours": ["25h-26h"] + [""] * 6},
    ):
        status, page = _apply(phone, form, **changes)
        assert status == 422
        assert 'value="Recyclerie du Port"' in page


def test_only_who_manages_merchants_sees_the_queue(town: Town, browser_of: BrowserOf) -> None:
    phone = browser_of(town.citizen("lou@test.example"))

    assert phone.get("/admin/commercants").status_code == 403


def test_what_was_applied_with_is_where_the_shop_is_paid_and_when_it_is_open(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("port@test.example"))
    _apply(phone, form)
    with town.database.transaction() as session:
        (row,) = queries.open_applications(session)
        shop = admit_merchant.approve(
            session, row.id, decided_by=town.operator.id, now=town.clock.now()
        )
        session.refresh(row)
        assert (row.iban, row.bank_holder) == ("", ""), "kept no longer than needed"

    assert "FR14 … 2606" in phone.get("/versements").text
    page = phone.get(f"/boutique/{shop.id}").text
    assert "9:00-12:30, 14:00-18:30" in page
    assert "fermé" in page
