"""Offers and applications as citizens, merchants and staff meet them."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient

from backend.accounts.rules import Role
from backend.merchants import queries
from backend.territory import queries as territory
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


def test_a_merchant_changes_an_offer_and_reads_what_it_was(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    till = browser_of(town.baker.id)
    _publish(town, till, form)
    page = till.get(f"/caisse/offres/{town.shop.id}").text
    (path,) = set(re.findall(rf'href="(/caisse/offres/{town.shop.id}/\w+)"', page))
    shown = till.get(path).text
    days = dict(
        re.findall(r'name="(starts_on|ends_on)" type="date" required value="([^"]+)"', shown)
    )
    fields = {**form(shown), **days, "per_person": "1"}

    wrong = till.post(path, data={**fields, "price": "12,5", "stock": "deux"})
    saved = till.post(path, data={**fields, "price": "9", "stock": "6"}).text

    assert wrong.status_code == 422
    assert 'id="offer-problem"' in wrong.text
    assert "12,50 → 9" in saved
    assert "2 → 6" in saved
    assert "Premier jour" not in saved
    assert browser_of(town.rival.id).get(path).status_code == 404
    till.post(f"{path}/retirer", data={"form_token": fields["form_token"]})
    assert "Offre retirée" in till.get(path).text
    assert browser_of(town.citizen("zoe@test.example")).get("/offres").text.count("<article") == 0


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


def _outline(town: Town) -> None:
    square = [[5.3, 43.2], [5.5, 43.2], [5.5, 43.4], [5.3, 43.4], [5.3, 43.2]]
    with town.database.transaction() as session:
        commune = territory.commune(session, "13055")
        assert commune is not None
        commune.boundary = json.dumps({"type": "Polygon", "coordinates": [square]})
        session.add(commune)


def test_a_pin_goes_from_the_application_over_staff_to_the_map_of_citizens(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    _outline(town)
    phone = browser_of(town.citizen("port@test.example"))
    admin = browser_of(builders.make_staff(town.database, town.clock, Role.ADMIN).id)

    far, page = _apply(phone, form, latitude="43,529700", longitude="5,447400")
    half, _ = _apply(phone, form, latitude="43,3")
    good, _ = _apply(phone, form, latitude="43,304500", longitude="5.368000")
    queue = admin.get("/admin/commercants").text
    (path,) = re.findall(r'action="(/admin/commercants/\w+/accepter)"', queue)
    admin.post(path, data={"form_token": form(queue)["form_token"]})

    assert (far, half, good) == (422, 422, 200)
    assert "Le repère n’est pas dans la commune choisie" in page
    assert 'value="43,529700"' in page
    assert "43.304500, 5.368000" in queue
    with town.database.transaction() as session:
        (shop,) = [m for m in queries.merchants(session) if m.name == "Recyclerie du Port"]
        shop.state = "active"
        session.add(shop)
    listed = phone.get("/dons").text
    assert (shop.latitude_e6, shop.longitude_e6) == (43_304_500, 5_368_000)
    assert f"/boutique/{shop.id}&#34;, 43304500, 5368000" in listed
    areas = phone.get("/carte/communes.json").json()
    assert [area["properties"]["code"] for area in areas["features"]] == ["13055"]


def test_the_commune_that_somebody_looked_near_to_is_remembered(
    town: Town, browser_of: BrowserOf
) -> None:
    phone = browser_of(town.citizen("lou@test.example"))
    chosen = 'value="13055" selected'

    assert chosen in phone.get("/offres?commune=13055").text
    assert chosen in phone.get("/offres").text
    assert chosen not in phone.get("/offres?commune=").text
    assert chosen not in phone.get("/offres").text


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
