"""Clerks: what each role may do at a shop, and a clerk's day from the owner to the till."""

import re
from collections.abc import Callable

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from backend.accounts.rules import PERMISSIONS, Role
from backend.cards import service as cards
from backend.clerks.models import Clerk
from backend.workflows import staff_a_till
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]
OWN = "2580"

REACHED_BY_CLERKS = {
    ("GET", "/api/v1/events"),
    ("POST", "/api/v1/payments"),
    ("POST", "/api/v1/payments/{payment_id}/cancel"),
    ("POST", "/api/v1/payments/{payment_id}/refunds"),
    ("GET", "/caisse"),
    ("POST", "/caisse"),
    ("GET", "/caisse/carte/{merchant_id}"),
    ("GET", "/caisse/sans-reseau/{merchant_id}"),
    ("POST", "/caisse/sans-reseau/{merchant_id}"),
    ("POST", "/caisse/carte/{merchant_id}"),
    ("POST", "/caisse/quitter"),
    ("GET", "/caisse/{payment_id}"),
    ("POST", "/caisse/{payment_id}/annuler"),
    ("GET", "/caisse/{payment_id}/qr.svg"),
    ("GET", "/caisse/{payment_id}/recu.pdf"),
    ("POST", "/caisse/{payment_id}/rembourser"),
}
"""Every address that asks for a right and that a clerk's session opens."""


def test_a_clerk_reaches_the_till_and_nothing_else(town: Town) -> None:
    reached = {
        (method, context.path)
        for context in iter_route_contexts(town.app.routes)
        if isinstance(route := context.original_route, APIRoute)
        for method in route.methods or ()
        for inner in route.dependant.dependencies
        if getattr(inner.call, "permission", None) in PERMISSIONS[Role.CLERK]
    }

    assert reached == REACHED_BY_CLERKS


def _hire(town: Town, name: str = "Zoé", limit: int = 0) -> Clerk:
    with town.database.transaction() as session:
        clerk, _ = staff_a_till.hire(
            session,
            merchant_id=town.shop.id,
            name=name,
            refund_limit_units=limit,
            now=town.clock.now(),
        )
        return clerk


ACTIONS: dict[str, tuple[str, str, dict[str, str]]] = {
    "till": ("get", "/caisse", {}),
    "ask": ("post", "/caisse", {"merchant_id": "{shop}", "amount": "5"}),
    "card": ("get", "/caisse/carte/{shop}", {}),
    "see sale": ("get", "/caisse/{sale}", {}),
    "see yesterday": ("get", "/caisse/{old}", {}),
    "refund 1": ("post", "/caisse/{sale}/rembourser", {"refund_key": "k" * 16, "amount": "1"}),
    "refund 3": ("post", "/caisse/{sale}/rembourser", {"refund_key": "l" * 16, "amount": "3"}),
    "poster": ("get", "/caisse/affiche/{shop}.pdf", {}),
    "cash out": ("post", "/caisse/encaisser", {"merchant_id": "{shop}"}),
    "payouts": ("get", "/versements?commerce={shop}", {}),
    "bank account": ("post", "/versements/compte", {"merchant_id": "{shop}", "iban": "x"}),
    "offers": ("get", "/caisse/offres/{shop}", {}),
    "team": ("get", "/caisse/equipe/{shop}", {}),
    "hire": ("post", "/caisse/equipe/{shop}", {"name": "Léo", "limit": "1000"}),
    "raise limit": ("post", "/caisse/equipe/{shop}/{clerk}/plafond", {"limit": "1000"}),
    "new pin": ("post", "/caisse/equipe/{shop}/{clerk}/code", {}),
    "let go": ("post", "/caisse/equipe/{shop}/{clerk}/retirer", {}),
}
OK, BAD, NO, HIDDEN = 200, 422, 403, 404
MATRIX = {
    #               owner  clerk  other owner  other clerk  citizen
    "till": (OK, OK, OK, OK, NO),
    "ask": (OK, OK, HIDDEN, HIDDEN, NO),
    "card": (OK, OK, HIDDEN, HIDDEN, NO),
    "see sale": (OK, OK, HIDDEN, HIDDEN, NO),
    "see yesterday": (OK, HIDDEN, HIDDEN, HIDDEN, NO),
    "refund 1": (OK, OK, HIDDEN, HIDDEN, NO),
    "refund 3": (OK, BAD, HIDDEN, HIDDEN, NO),
    "poster": (OK, NO, HIDDEN, NO, NO),
    "cash out": (OK, NO, HIDDEN, NO, NO),
    "payouts": (OK, NO, HIDDEN, NO, NO),
    "bank account": (BAD, NO, HIDDEN, NO, NO),
    "offers": (OK, NO, HIDDEN, NO, NO),
    "team": (OK, NO, HIDDEN, NO, NO),
    "hire": (OK, NO, HIDDEN, NO, NO),
    "raise limit": (OK, NO, HIDDEN, NO, NO),
    "new pin": (OK, NO, HIDDEN, NO, NO),
    "let go": (OK, NO, HIDDEN, NO, NO),
}


@pytest.mark.parametrize("role", ["owner", "clerk", "other owner", "other clerk", "citizen"])
def test_what_each_role_may_do_at_a_shop(town: Town, browser_of: BrowserOf, role: str) -> None:
    lou = town.citizen("lou@test.example", points=100)
    old = _sell(town, browser_of, lou, "4")
    town.clock.advance(days=1)
    sale = _sell(town, browser_of, lou, "10")
    clerk = _hire(town, limit=200)
    with town.database.transaction() as session:
        other, _ = staff_a_till.hire(
            session,
            merchant_id=town.other_shop.id,
            name="Max",
            refund_limit_units=0,
            now=town.clock.now(),
        )
    accounts = {
        "owner": town.baker.id,
        "clerk": clerk.account_id,
        "other owner": town.rival.id,
        "other clerk": other.account_id,
        "citizen": lou,
    }
    column = list(accounts).index(role)
    facts = {"shop": town.shop.id, "clerk": clerk.id, "sale": sale, "old": old}

    seen = {}
    for name, (method, path, body) in ACTIONS.items():
        browser = browser_of(accounts[role])
        token = re.findall(r'name="form_token" value="([^"]+)"', browser.get("/aide").text)[0]
        fields = {key: text.format(**facts) for key, text in body.items()}
        data = {"data": {"form_token": token, **fields}} if method == "post" else {}
        seen[name] = getattr(browser, method)(path.format(**facts), **data).status_code

    assert seen == {name: row[column] for name, row in MATRIX.items()}


def _sell(town: Town, browser_of: BrowserOf, citizen: str, amount: str) -> str:
    till, phone = browser_of(town.baker.id), browser_of(citizen)
    fields = dict(
        re.findall(r'"hidden" name="([a-z_]+)" value="([^"]*)"', till.get("/caisse").text)
    )
    asked = till.post("/caisse", data={**fields, "amount": amount})
    payment_id = asked.url.path.rsplit("/", 1)[-1]
    token = re.findall(r'form_token" value="([^"]+)"', phone.get(f"/payer/{payment_id}").text)[0]
    assert "Payé" in phone.post(f"/payer/{payment_id}", data={"form_token": token}).text
    town.settle_payments()
    return payment_id


def test_a_clerks_first_day(
    town: Town, browser_of: BrowserOf, stranger: TestClient, form: Fields
) -> None:
    owner, team = browser_of(town.baker.id), f"/caisse/equipe/{town.shop.id}"
    token = form(owner.get(team).text)["form_token"]
    shown = owner.post(team, data={"form_token": token, "name": "Zoé", "limit": "2,5"}).text
    (pin,) = re.findall(r'class="input-code">(\d{6})<', shown)
    assert pin not in owner.get(team).text, "the PIN is shown once"

    door = owner.post(f"{team}/caisse", data={"form_token": token})
    tablet = owner
    (clerk_id,) = re.findall(r'<option value="(\w{20,})"', door.text)
    assert tablet.get("/versements").status_code == 401, "the owner is signed out of the till"

    again = tablet.post("/caisse/entrer", data={"clerk_id": clerk_id, "pin": pin})
    assert (again.status_code, 'name="new_pin"' in again.text) == (409, True)
    chosen = {"clerk_id": clerk_id, "pin": pin, "new_pin": OWN}
    till = tablet.post("/caisse/entrer", data=chosen)
    assert (till.url.path, "Boulangerie du Port" in till.text) == ("/caisse", True)
    assert "/versements" not in till.text
    assert tablet.get("/").url.path == "/caisse"

    lou = town.citizen("lou@test.example", points=20)
    with town.database.transaction() as session:
        _, secret = cards.show(session, lou, at=town.clock.now())
    path = f"/caisse/carte/{town.shop.id}"
    fields = {**form(tablet.get(path).text), "code": secret, "amount": "5", "label": "Pain"}
    paid = tablet.post(path, data=fields)
    assert "encaissé par Zoé" in paid.text
    town.settle_payments()
    refund = {**form(tablet.get(paid.url.path).text), "amount": "2,5"}
    assert "Remboursements" in tablet.post(f"{paid.url.path}/rembourser", data=refund).text
    more = {**refund, "refund_key": "m" * 16, "amount": "1"}
    over = tablet.post(f"{paid.url.path}/rembourser", data=more)
    assert (over.status_code, "Demandez au commerçant" in over.text) == (422, True)

    left = tablet.post("/caisse/quitter", data={"form_token": refund["form_token"]})
    assert left.url.path == "/caisse/entrer"
    assert tablet.get("/caisse").status_code == 401

    office = browser_of(town.baker.id)
    listed = office.get(team).text
    assert "1 vente, 5" in listed
    assert "1 remboursement, 2,5" in listed
    detail = office.get(f"{team}/{clerk_id}").text
    assert "Pain" in detail
    assert stranger.get("/caisse/entrer").text.count("<option") == 0


def test_taking_access_back_ends_a_session_with_its_next_request(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    clerk = _hire(town)
    tablet, owner = browser_of(clerk.account_id), browser_of(town.baker.id)
    token = form(tablet.get("/caisse").text)["form_token"]
    team = f"/caisse/equipe/{town.shop.id}"

    owner.post(
        f"{team}/{clerk.id}/retirer", data={"form_token": form(owner.get(team).text)["form_token"]}
    )
    late = tablet.post(
        "/caisse", data={"form_token": token, "merchant_id": town.shop.id, "amount": "5"}
    )

    assert late.status_code == 401
    assert "accès retiré" in owner.get(team).text


def test_a_session_that_outlives_the_rights_opens_no_shop(
    town: Town, browser_of: BrowserOf
) -> None:
    clerk = _hire(town)
    with town.database.transaction() as session:
        staff_a_till.let_go(session, session.get_one(Clerk, clerk.id), now=town.clock.now())

    assert browser_of(clerk.account_id).get("/caisse").status_code == 404


def test_a_closed_till_lets_nobody_in(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    clerk = _hire(town)
    tablet, team = browser_of(town.baker.id), f"/caisse/equipe/{town.shop.id}"
    token = form(tablet.get(team).text)["form_token"]
    tablet.post(f"{team}/caisse", data={"form_token": token})
    office = browser_of(town.baker.id)
    (close,) = re.findall(r'action="([^"]+/fermer)"', office.get(team).text)

    office.post(close, data={"form_token": form(office.get(team).text)["form_token"]})
    answer = tablet.post("/caisse/entrer", data={"clerk_id": clerk.id, "pin": OWN})

    assert answer.status_code == 404
    assert "n’est pas une caisse" in tablet.get("/caisse/entrer").text


def test_nobody_guesses_from_a_browser_that_is_no_till(town: Town, stranger: TestClient) -> None:
    clerk = _hire(town)

    answer = stranger.post("/caisse/entrer", data={"clerk_id": clerk.id, "pin": OWN})

    assert answer.status_code == 404
    with town.database.reading() as session:
        assert session.get_one(Clerk, clerk.id).failures == 0
