"""Cards and households: print, show, lose, replace, share; a sticker's page."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from backend.cards import queries as card_queries
from backend.cards.errors import CardBlockedError, CardUnknownError
from backend.cards.models import Card
from backend.devices import witnesses
from backend.territory.models import Station
from tests.support.town import Town

Form = Callable[[str], dict[str, str]]
BrowserOf = Callable[[str], TestClient]
SECRET = re.compile(r'<p class="short-code">([A-Z2-9 ]+)</p>')


def cards_of(town: Town, account_id: str) -> list[Card]:
    with town.database.reading() as session:
        return list(card_queries.of_account(session, account_id))


def holder_of(town: Town, code: str) -> str:
    with town.database.reading() as session:
        return card_queries.account_of(session, code, now=town.clock.now()).account_id


def test_a_card_is_printed_and_its_code_is_kept_nowhere(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    nadia = town.citizen("nadia@test.example")
    browser = browser_of(nadia)

    answer = browser.post("/carte/imprimer", data=form(browser.get("/carte").text))

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert "no-store" in answer.headers["cache-control"]
    [card] = cards_of(town, nadia)
    assert f"…{card.tail}" in browser.get("/carte").text
    assert set(card.model_dump()) & {"secret", "code"} == set()


def test_a_lost_card_is_blocked_and_the_next_one_printed(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    nadia = town.citizen("nadia@test.example")
    browser = browser_of(nadia)
    fields = form(browser.get("/carte").text)
    browser.post("/carte/imprimer", data=fields)
    [old] = cards_of(town, nadia)

    answer = browser.post(f"/carte/{old.id}/remplacer", data=fields)

    assert answer.content.startswith(b"%PDF")
    states = {card.id: card.state for card in cards_of(town, nadia)}
    assert states.pop(old.id) == "blocked"
    assert list(states.values()) == ["active"]


def test_nobody_blocks_the_card_of_a_stranger(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    nadia, paul = town.citizen("nadia@test.example"), town.citizen("paul@test.example")
    browser = browser_of(nadia)
    browser.post("/carte/imprimer", data=form(browser.get("/carte").text))
    [card] = cards_of(town, nadia)
    other = browser_of(paul)
    fields = form(other.get("/carte").text)

    answers = [
        other.post(f"/carte/{card.id}/bloquer", data=fields | {"reason": "lost"}),
        other.post(f"/carte/{card.id}/remplacer", data=fields),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert cards_of(town, nadia)[0].state == "active"


def test_a_fifth_card_is_refused(town: Town, browser_of: BrowserOf, form: Form) -> None:
    nadia = town.citizen("nadia@test.example")
    browser = browser_of(nadia)
    fields = form(browser.get("/carte").text)

    codes = [browser.post("/carte/imprimer", data=fields).status_code for _ in range(5)]

    assert codes == [200, 200, 200, 200, 409]


def test_the_code_on_the_phone_stands_for_its_owner_for_three_minutes(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    nadia = town.citizen("nadia@test.example")
    browser = browser_of(nadia)
    page = browser.post("/carte/montrer", data=form(browser.get("/carte").text))
    found = SECRET.search(page.text)
    assert found is not None

    assert holder_of(town, found[1]) == nadia
    town.clock.advance(seconds=181)
    with pytest.raises(CardUnknownError):
        holder_of(town, found[1])


def test_a_card_that_was_blocked_stands_for_nobody(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    nadia = town.citizen("nadia@test.example")
    with town.database.transaction() as session:
        card, secret = town.card(session, nadia)
    browser = browser_of(nadia)

    browser.post(
        f"/carte/{card.id}/bloquer", data=form(browser.get("/carte").text) | {"reason": "stolen"}
    )

    with pytest.raises(CardBlockedError):
        holder_of(town, f"http://127.0.0.1:8000/C/{secret}")


def test_a_card_scanned_by_a_stranger_tells_nothing(town: Town, stranger: TestClient) -> None:
    nadia = town.citizen("nadia@test.example")
    with town.database.transaction() as session:
        _, secret = town.card(session, nadia)

    known, unknown = stranger.get(f"/C/{secret}"), stranger.get(f"/C/{'2' * 16}")

    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(secret, "") == unknown.text.replace("2" * 16, "")


def test_a_household_is_founded_joined_and_left(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    nadia, paul = (
        browser_of(town.citizen("nadia@test.example")),
        browser_of(town.citizen("paul@test.example")),
    )
    nadia.post("/foyer/creer", data=form(nadia.get("/foyer").text) | {"name": "Les Oliviers"})
    invited = nadia.post("/foyer/inviter", data=form(nadia.get("/foyer").text))
    code = SECRET.search(invited.text)
    assert code is not None
    fields = form(paul.get("/foyer").text)

    wrong = paul.post("/foyer/rejoindre", data=fields | {"code": "AAAAA AAAAA"})
    paul.post("/foyer/rejoindre", data=fields | {"code": code[1].lower()})

    assert wrong.status_code == 409
    assert "Cette invitation ne vaut plus" in wrong.text
    page = paul.get("/foyer").text
    assert "Les Oliviers" in page
    assert "nadia" in page
    paul.post("/foyer/quitter", data=fields)
    assert "Les Oliviers" not in paul.get("/foyer").text


def test_an_invitation_lets_one_person_in(town: Town, browser_of: BrowserOf, form: Form) -> None:
    nadia, paul, zoe = (
        browser_of(town.citizen(f"{name}@test.example")) for name in ("nadia", "paul", "zoe")
    )
    nadia.post("/foyer/creer", data=form(nadia.get("/foyer").text) | {"name": "Les Oliviers"})
    code = SECRET.search(nadia.post("/foyer/inviter", data=form(nadia.get("/foyer").text)).text)
    assert code is not None

    answers = [
        browser.post(
            "/foyer/rejoindre",
            data=form(browser.get("/foyer").text) | {"code": code[1]},
            follow_redirects=False,
        )
        for browser in (paul, zoe)
    ]

    assert [answer.status_code for answer in answers] == [303, 409]


def test_a_member_blocks_the_lost_card_that_the_household_shares(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    nadia_id, paul_id = town.citizen("nadia@test.example"), town.citizen("paul@test.example")
    nadia, paul = browser_of(nadia_id), browser_of(paul_id)
    nadia.post("/foyer/creer", data=form(nadia.get("/foyer").text) | {"name": "Les Oliviers"})
    code = SECRET.search(nadia.post("/foyer/inviter", data=form(nadia.get("/foyer").text)).text)
    assert code is not None
    paul.post("/foyer/rejoindre", data=form(paul.get("/foyer").text) | {"code": code[1]})
    nadia.post("/carte/imprimer", data=form(nadia.get("/carte").text) | {"shared": "yes"})
    [card] = cards_of(town, nadia_id)

    assert f"…{card.tail}" in paul.get("/carte").text
    paul.post(f"/carte/{card.id}/bloquer", data=form(paul.get("/carte").text) | {"reason": "lost"})

    assert cards_of(town, nadia_id)[0].state == "blocked"


def test_a_phone_without_account_is_asked_to_sign_up_first(stranger: TestClient) -> None:
    stranger.post("/api/v1/sessions")

    page = stranger.get("/carte").text

    assert "/connexion?next_path=/carte" in page
    assert "/carte/imprimer" not in page


@pytest.fixture
def sticker(town: Town) -> str:
    """A sticker of the town's station."""
    with town.database.transaction() as session:
        station = session.exec(select(Station)).one()
        _, code = witnesses.print_sticker(
            session,
            station_id=station.id,
            name=station.name,
            material="glass",
            now=town.clock.now(),
        )
        return code


def test_a_sticker_scanned_far_away_is_refused_with_the_distance_in_words(
    town: Town, browser_of: BrowserOf, form: Form, sticker: str
) -> None:
    browser = browser_of(town.citizen("nadia@test.example"))
    fields = form(browser.get(f"/S/{sticker}").text)
    place = {"latitude_e6": "43296500", "longitude_e6": "5370000", "accuracy_m": "30"}

    answer = browser.post(f"/S/{sticker}", data=fields | place)
    town.decide()

    page = browser.get(answer.url.path).text
    assert re.search(r"Votre téléphone était à 2.\d{3} m de ce conteneur \(précision 30 m\)", page)
    assert "car une photo se partage" in page


def test_a_sticker_without_position_is_not_stored_and_says_why(
    town: Town, browser_of: BrowserOf, form: Form, sticker: str
) -> None:
    browser = browser_of(town.citizen("nadia@test.example"))

    answer = browser.post(f"/S/{sticker}", data=form(browser.get(f"/S/{sticker}").text))

    assert answer.status_code == 422
    assert "Il faut votre position" in answer.text


def test_field_staff_print_a_sheet_with_a_sticker_for_each_container(
    town: Town, browser_of: BrowserOf, form: Form
) -> None:
    staff = browser_of(town.operator.id)
    page = staff.get("/admin/autocollants", params={"q": "vallon"})
    with town.database.reading() as session:
        station_id = session.exec(select(Station)).one().id

    sheet = staff.post(f"/admin/autocollants/{station_id}", data=form(page.text))

    assert sheet.content.startswith(b"%PDF")
    # The town's station takes glass and packaging.
    assert "2 autocollants en service" in staff.get("/admin/autocollants").text


def test_citizens_do_not_print_stickers(town: Town, browser_of: BrowserOf) -> None:
    browser = browser_of(town.citizen("nadia@test.example"))

    assert browser.get("/admin/autocollants").status_code == 403
