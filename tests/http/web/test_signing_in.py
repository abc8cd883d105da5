import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from backend.db import outbox
from backend.jobs.mail import MaildirTransport, message_of
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]
LOU = "lou@test.example"


def deliver(town: Town) -> None:
    """Do what the mail job does."""
    box = MaildirTransport(town.mail)
    with town.database.transaction() as session:
        for mail in outbox.lease(
            session, kind="mail", now=town.clock.now(), limit=9, lease_for=timedelta(minutes=1)
        ):
            box.deliver(message_of(mail.payload, sender="Calanque <x@test.example>"))
            outbox.mark_done(session, mail.id)


def newest_code(town: Town, browser: TestClient) -> str:
    """Read the code in the demo's mailbox, as a person would."""
    deliver(town)
    page = browser.get("/boite-mail").text
    key = re.findall(r'href="/boite-mail/([^"]+)"', page)[0]
    text = browser.get(f"/boite-mail/{key}").text
    return str(re.findall(r"Calanque : (\d{6})", text)[0])


def sign_in(town: Town, browser: TestClient, email: str = LOU, next_path: str = "/") -> str:
    browser.post("/connexion", data={"email": email, "next_path": next_path})
    code = newest_code(town, browser)
    data = {"email": email, "code": code, "next_path": next_path}
    return str(browser.post("/connexion/code", data=data).url.path)


def test_a_code_by_mail_opens_the_account(town: Town, stranger: TestClient) -> None:
    path = sign_in(town, stranger)

    assert path == "/"
    assert LOU in stranger.get("/compte").text


def test_points_of_the_phone_come_along(town: Town, stranger: TestClient, form: Fields) -> None:
    code = town.deposit_code(count=3)
    stranger.post(f"/s/{code}", data=form(stranger.get(f"/s/{code}").text))
    town.decide()

    sign_in(town, stranger)

    home = stranger.get("/").text
    assert "6 en attente" in home
    assert "Gardez vos points" not in home


def test_points_of_a_second_phone_join_the_account(
    town: Town, stranger: TestClient, browser_of: BrowserOf, form: Fields
) -> None:
    lou = town.citizen(LOU, points=10)
    code = town.deposit_code(count=3)
    receipt = stranger.post(f"/s/{code}", data=form(stranger.get(f"/s/{code}").text))
    town.decide()

    sign_in(town, stranger)

    assert "6 en attente" in browser_of(lou).get("/").text
    assert browser_of(lou).get(receipt.url.path).status_code == 200


def test_a_wrong_code_says_how_many_tries_are_left(town: Town, stranger: TestClient) -> None:
    stranger.post("/connexion", data={"email": LOU})
    code = newest_code(town, stranger)
    wrong = f"{(int(code) + 1) % 10**6:06d}"

    answer = stranger.post("/connexion/code", data={"email": LOU, "code": wrong})

    assert answer.status_code == 422
    assert "Il reste 4 essais" in answer.text


def test_wrong_codes_are_counted_although_the_answer_is_an_error(
    town: Town, stranger: TestClient
) -> None:
    stranger.post("/connexion", data={"email": LOU})
    code = newest_code(town, stranger)
    wrong = {"email": LOU, "code": f"{(int(code) + 1) % 10**6:06d}"}
    for _ in range(5):
        stranger.post("/connexion/code", data=wrong)

    answer = stranger.post("/connexion/code", data={"email": LOU, "code": code})

    assert answer.status_code == 409
    assert "Ce code ne fonctionne plus" in answer.text


@pytest.mark.parametrize("typed", ["", "lou", "lou@", "lou@example"])
def test_what_is_no_address_comes_back_with_an_example(stranger: TestClient, typed: str) -> None:
    answer = stranger.post("/connexion", data={"email": typed})

    assert answer.status_code == 422
    assert "lou@exemple.fr" in answer.text


def test_a_sixth_code_within_the_hour_is_refused(stranger: TestClient) -> None:
    answers = [stranger.post("/connexion", data={"email": LOU}).status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]


def test_signing_in_leads_back_to_where_one_was(town: Town, stranger: TestClient) -> None:
    assert sign_in(town, stranger, next_path="/aide") == "/aide"


def test_signing_in_leads_to_no_other_site(town: Town, stranger: TestClient) -> None:
    assert sign_in(town, stranger, next_path="//evil.example/x") == "/"


def test_signing_out_ends_the_session(town: Town, browser_of: BrowserOf, form: Fields) -> None:
    phone = browser_of(town.citizen(LOU))
    token = form(phone.get("/compte").text)["form_token"]

    phone.post("/deconnexion", data={"form_token": token})

    assert phone.get("/compte").status_code == 401


def test_signing_out_everywhere_ends_the_other_phone_too(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    lou = town.citizen(LOU)
    phone, tablet = browser_of(lou), browser_of(lou)
    token = form(phone.get("/compte").text)["form_token"]

    phone.post("/deconnexion/partout", data={"form_token": token})

    assert tablet.get("/compte").status_code == 401


def test_a_form_of_another_session_is_refused(town: Town, browser_of: BrowserOf) -> None:
    phone = browser_of(town.citizen(LOU))

    answer = phone.post("/deconnexion", data={"form_token": "stolen"})

    assert answer.status_code == 403
    assert phone.get("/compte").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(
    town: Town, browser_of: BrowserOf, headers: dict[str, str]
) -> None:
    phone = browser_of(town.citizen(LOU))

    answer = phone.post("/connexion", data={"email": LOU}, headers=headers)

    assert answer.status_code == 403


def test_the_session_cookie_is_out_of_reach_of_scripts(town: Town, stranger: TestClient) -> None:
    answer = stranger.post("/api/v1/sessions", json={})

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_the_session_cookie_is_tied_to_the_host_on_https(town: Town, stranger: TestClient) -> None:
    secure = TestClient(town.app, base_url="https://calanque.example")
    secure.portal = stranger.portal

    cookie = secure.post("/api/v1/sessions", json={}).headers["set-cookie"]

    assert cookie.startswith("__Host-calanque=")
    assert "secure" in cookie.lower()


def test_the_api_signs_in_as_the_pages_do(town: Town, stranger: TestClient) -> None:
    anonymous = stranger.post("/api/v1/sessions", json={}).json()
    again = stranger.post("/api/v1/sessions", json={}).json()
    stranger.post("/api/v1/sessions/codes", json={"email": LOU})
    body = {"email": LOU, "code": newest_code(town, stranger)}

    signed_in = stranger.post("/api/v1/sessions/redeem", json=body).json()

    assert again["id"] == anonymous["id"], "one phone, one account"
    assert signed_in["id"] == anonymous["id"]
    assert (signed_in["state"], signed_in["email"]) == ("active", LOU)
    me = stranger.get("/api/v1/me").json()
    assert me["permissions"] == ["claim", "follow", "pay", "read_own"]
    assert stranger.delete("/api/v1/sessions/current").status_code == 204
    assert stranger.get("/api/v1/me").status_code == 401


def test_the_mailbox_is_absent_outside_the_demo(town: Town, stranger: TestClient) -> None:
    town.app.state.config = replace(town.app.state.config, mailbox_path=None)

    assert stranger.get("/boite-mail").status_code == 404
    assert "/boite-mail" not in stranger.get("/").text
