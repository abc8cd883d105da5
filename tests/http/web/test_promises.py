"""Payments without network over HTTP: the phone's pass, the till's queue, words for both."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from backend.accounts.models import Account
from backend.promises import codes
from backend.promises.codes import Promise
from backend.workflows import staff_a_till
from tests.support.promises import Phone, promise_for
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


@dataclass
class Street:
    """A citizen with a prepared phone, and the till of a shop that takes the risk."""

    town: Town
    account_id: str
    phone: Phone
    citizen: TestClient
    till: TestClient

    @property
    def path(self) -> str:
        return f"/caisse/sans-reseau/{self.town.shop.id}"

    def promise(self, units: int = 500, **changes: object) -> Promise:
        facts = {"merchant_id": self.town.shop.id, "signed_at": self.town.clock.now(), **changes}
        return promise_for(self.phone, units=units, **facts)  # type: ignore[arg-type]  # the facts of a promise

    def hand_in(self, promise: Promise, *, by: TestClient | None = None) -> Response:
        code = codes.write(promise, self.phone.certificate)
        return (by or self.till).post(self.path, json={"code": code})


@pytest.fixture
def street(town: Town, browser_of: BrowserOf, form: Fields) -> Street:
    lou = town.citizen("lou@test.example", points=40)
    citizen, till = browser_of(lou), browser_of(town.baker.id)
    phone = Phone.fresh()
    given = citizen.post("/sans-reseau/passe", json={"public_key": phone.public_key}).json()
    phone.pass_id, phone.certificate = given["pass"], given["certificate"]
    street = Street(town, lou, phone, citizen, till)
    fields = {**form(till.get(street.path).text), "limit": "100", "clerk": "8"}
    assert till.post(f"{street.path}/plafonds", data=fields).status_code == 200
    return street


def test_a_phone_gets_a_pass_that_tills_can_check_without_us(street: Street) -> None:
    page = street.till.get(street.path).text
    (issuer,) = re.findall(r'data-issuer="([0-9a-f]{128})"', page)
    promise = street.promise()

    text = codes.write(promise, street.phone.certificate)
    raw = codes.base45_decode(text.removeprefix(codes.PREFIX))
    certificate = raw[1:145]
    vouched = Promise(certificate[:8].hex(), "", "", 0, promise.signed_at, "", certificate[80:])
    issuing = codes.public_of(codes.issuer_of(bytes.fromhex("5e" * 32)))

    assert issuer == issuing
    assert certificate[8:72].hex() == street.phone.public_key
    assert vouched.signature == certificate[-64:]


def test_what_the_till_hands_in_is_paid_and_both_sides_see_it(street: Street) -> None:
    promise = street.promise()

    said = [street.hand_in(promise).json() for _ in range(2)]

    assert [one["state"] for one in said] == ["accepted"] * 2
    assert said[0]["payment"] == said[1]["payment"]
    assert "garanti" in said[0]["text"]
    receipt = street.citizen.get(f"/paiements/{said[0]['payment']}")
    assert "Payé" in receipt.text
    assert "5" in street.till.get("/caisse").text
    assert (
        f'data-arrived="{promise.id}" data-state="accepted"'
        in street.citizen.get("/sans-reseau").text
    )


def test_a_refusal_says_why_to_both_and_bars_the_payer(street: Street) -> None:
    street.citizen.post(f"/sans-reseau/{street.phone.pass_id}/retirer", data=_token(street.citizen))

    said = street.hand_in(street.promise()).json()

    assert (said["state"], said["title"]) == ("refused", "Refusé")
    assert "avait arrêté ce téléphone" in said["text"]
    assert (
        "Pas payé : refusé à l’arrivée" in street.citizen.get(f"/paiements/{said['payment']}").text
    )
    till = street.till.get(f"/caisse/{said['payment']}").text
    assert "La perte est pour le commerce" in till
    again = street.citizen.post("/sans-reseau/passe", json={"public_key": Phone.fresh().public_key})
    assert again.status_code == 409
    assert "30 derniers jours" in again.json()["text"]


def _token(browser: TestClient) -> dict[str, str]:
    found = re.findall(r'name="form_token" value="([^"]+)"', browser.get("/compte").text)
    return {"form_token": found[0]}


def test_signing_out_everywhere_stops_the_phone(street: Street, browser_of: BrowserOf) -> None:
    street.citizen.post("/deconnexion/partout", data=_token(street.citizen))

    assert street.hand_in(street.promise()).json()["state"] == "refused"
    page = browser_of(street.account_id).get("/sans-reseau").text
    assert "arrêté" in page


@pytest.mark.parametrize("code", ["", "CLQ1:", "CLQ1:ABC", "https://x/C/ABCD2345EFGH6789"])
def test_what_is_no_promise_is_refused_and_not_kept(street: Street, code: str) -> None:
    said = street.till.post(street.path, json={"code": code}).json()

    assert (said["state"], said["payment"]) == ("refused", "")


def test_a_stranger_with_a_drawing_gets_nothing(street: Street) -> None:
    forged = promise_for(
        Phone.certified(
            codes.issuer_of(b"\x01" * 32), pass_id="00" * 8, expires_at=street.town.clock.now()
        ),
        merchant_id=street.town.shop.id,
        units=100,
        signed_at=street.town.clock.now(),
    )

    assert street.hand_in(forged).json()["state"] == "refused"


def _hire(town: Town) -> str:
    with town.database.transaction() as session:
        clerk, _ = staff_a_till.hire(
            session,
            merchant_id=town.shop.id,
            name="Zoé",
            refund_limit_units=0,
            now=town.clock.now(),
        )
        return session.get_one(Account, clerk.account_id).id


def test_a_clerk_above_the_limit_keeps_the_promise_for_the_owner(
    street: Street, browser_of: BrowserOf
) -> None:
    zoe = browser_of(_hire(street.town))
    small, large = street.promise(300), street.promise(600)

    said = [street.hand_in(one, by=zoe).json() for one in (small, large)]

    assert [one["state"] for one in said] == ["accepted", "waiting"]
    assert "responsable" in said[1]["text"]
    assert 'data-clerk-left="500"' in zoe.get(street.path).text
    assert street.hand_in(large).json()["state"] == "accepted"
    assert zoe.post(f"{street.path}/plafonds", data=_limits("9", "9")).status_code == 403


def _limits(limit: str, clerk: str) -> dict[str, str]:
    return {"limit": limit, "clerk": clerk}


def test_nobody_hands_in_for_another_shop(street: Street, browser_of: BrowserOf) -> None:
    rival = browser_of(street.town.rival.id)

    assert street.hand_in(street.promise(), by=rival).status_code == 404
    assert street.hand_in(street.promise(), by=street.citizen).status_code == 403


@pytest.mark.parametrize("typed", ["", "beaucoup", "1000,01"])
def test_a_wrong_limit_comes_back_with_the_reason(street: Street, form: Fields, typed: str) -> None:
    fields = {**form(street.till.get(street.path).text), "limit": typed, "clerk": "0"}

    answer = street.till.post(f"{street.path}/plafonds", data=fields)

    assert (answer.status_code, 'id="limit-problem"' in answer.text) == (422, True)


def test_a_till_shows_a_name_that_phones_can_check(street: Street) -> None:
    (shop,) = re.findall(r'data-shop="([0-9a-f]+)"', street.till.get(street.path).text)

    raw = bytes.fromhex(shop)
    assert raw[:16].hex() == street.town.shop.id
    assert raw[21 : 21 + raw[20]].decode() == "Boulangerie du Port"


def test_a_sale_opened_by_the_phones_own_camera_leads_to_the_page(
    street: Street, stranger: TestClient
) -> None:
    assert 'id="promises"' in street.citizen.get("/H/ABCD").text
    assert (
        stranger.get("/H/ABCD", follow_redirects=False)
        .headers["location"]
        .startswith("/connexion?next_path=/h/ABCD")
    )


def test_the_worker_names_files_that_exist_and_changes_with_them(
    street: Street, stranger: TestClient
) -> None:
    answer = stranger.get("/veille.js")
    (files,) = re.findall(r"const FILES = \[(.*)\];", answer.text)
    paths = re.findall(r'"([^"]+)"', files)

    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert len(paths) > 15
    assert [path for path in paths if stranger.get(path).status_code != 200] == []
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', street.till.get(street.path).text))
    assert {path.split("#")[0] for path in named} <= set(paths)
    phone = set(
        re.findall(r'(?:src|href)="(/static/[^"]+)"', street.citizen.get("/sans-reseau").text)
    )
    assert {path.split("#")[0] for path in phone} <= set(paths)


def test_without_the_secret_nothing_is_promised(street: Street) -> None:
    street.town.app.state.config = type(street.town.app.state.config)(
        **{**street.town.app.state.config.__dict__, "promise_secret": None}
    )

    answer = street.citizen.post("/sans-reseau/passe", json={"public_key": "ab" * 64})

    assert answer.status_code == 409
    assert 'data-shop=""' in street.till.get(street.path).text
    assert "n’est pas ouvert" in street.citizen.get("/sans-reseau").text
