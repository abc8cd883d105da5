from collections.abc import Callable

from fastapi.testclient import TestClient

from backend.rewards.rules import receipt_leaf
from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


def test_a_citizen_downloads_everything_and_can_check_each_receipt(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    phone = browser_of(town.citizen("lou@test.example", points=10))
    code = town.deposit_code(count=3)
    phone.post(f"/s/{code}", data=form(phone.get(f"/s/{code}").text))
    town.decide()

    answer = phone.get("/compte/donnees.json")

    data = answer.json()
    assert "attachment" in answer.headers["Content-Disposition"]
    assert data["account"]["email"] == "lou@test.example"
    assert data["balances_units"] == {"confirmed": 1000, "pending": 600, "in_flight": 0}
    (act,) = data["acts"]
    receipt = act["receipt"]
    salt = bytes.fromhex(receipt["salt"])
    leaf = receipt_leaf(salt=salt, public=receipt["public"], private=receipt["private"])
    assert leaf.hex() == receipt["leaf"]


def test_the_file_opens_no_session_and_names_no_colleague(
    town: Town, browser_of: BrowserOf
) -> None:
    text = browser_of(town.citizen("lou@test.example")).get("/compte/donnees.json").text

    assert "form_token" not in text
    assert "decided_by" not in text


def test_cards_are_in_the_file_without_what_opens_them(town: Town, browser_of: BrowserOf) -> None:
    lou = town.citizen("lou@test.example")
    with town.database.transaction() as session:
        card, secret = town.card(session, lou)

    answer = browser_of(lou).get("/compte/donnees.json")

    assert [one["tail"] for one in answer.json()["cards"]] == [card.tail]
    assert card.ref not in answer.text
    assert secret not in answer.text


def test_nobody_gets_the_file_of_another(stranger: TestClient, town: Town) -> None:
    town.citizen("lou@test.example")

    assert stranger.get("/compte/donnees.json").status_code == 401
