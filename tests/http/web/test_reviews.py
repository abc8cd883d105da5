from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]


@pytest.fixture
def lou(town: Town, browser_of: BrowserOf) -> TestClient:
    return browser_of(town.citizen("lou@test.example"))


@pytest.fixture
def refused(town: Town, lou: TestClient, form: Fields) -> str:
    """The path of a receipt that says that the code came too late."""
    code = town.slot_code()
    fields = form(lou.get(f"/s/{code}").text)
    town.clock.advance(minutes=3)
    return str(lou.post(f"/s/{code}", data=fields).url.path)


def contest(phone: TestClient, receipt: str, form: Fields) -> int:
    data = {**form(phone.get(receipt).text), "statement": "Le réseau était <b>coupé</b>."}
    return phone.post(f"{receipt}/contester", data=data).status_code


def claim_of(receipt: str) -> str:
    return receipt.removeprefix("/recus/")


def test_a_refusal_is_contested_once(lou: TestClient, refused: str, form: Fields) -> None:
    assert "Je pense que ce refus est une erreur" in lou.get(refused).text

    first, second = contest(lou, refused, form), contest(lou, refused, form)

    assert (first, second) == (200, 409)
    assert "Une personne va regarder" in lou.get(refused).text


def test_nobody_contests_for_another(
    town: Town, browser_of: BrowserOf, refused: str, form: Fields
) -> None:
    other = browser_of(town.citizen("eve@test.example"))
    token = form(other.get("/compte").text)

    answer = other.post(f"{refused}/contester", data={**token, "statement": "moi aussi"})

    assert answer.status_code == 404


def test_a_reviewer_sees_the_case_and_not_the_person(
    town: Town, browser_of: BrowserOf, lou: TestClient, refused: str, form: Fields
) -> None:
    contest(lou, refused, form)

    page = browser_of(town.reviewer.id).get("/admin/examens").text

    assert claim_of(refused) in page
    assert "Le réseau était &lt;b&gt;coupé&lt;/b&gt;." in page
    assert "lou@test.example" not in page


def test_an_accepted_appeal_is_paid(
    town: Town, browser_of: BrowserOf, lou: TestClient, refused: str, form: Fields
) -> None:
    contest(lou, refused, form)
    reviewer = browser_of(town.reviewer.id)
    token = form(reviewer.get("/admin/examens").text)

    reviewer.post(
        f"/admin/examens/{claim_of(refused)}/accepter", data={**token, "reason": "plausible"}
    )
    town.decide()

    receipt = lou.get(refused).text
    assert 'data-state="confirming"' in receipt
    assert "+2" in receipt
    assert "Votre demande a été acceptée" in receipt


def test_a_refused_appeal_says_why(
    town: Town, browser_of: BrowserOf, lou: TestClient, refused: str, form: Fields
) -> None:
    contest(lou, refused, form)
    reviewer = browser_of(town.reviewer.id)
    token = form(reviewer.get("/admin/examens").text)

    reviewer.post(
        f"/admin/examens/{claim_of(refused)}/refuser",
        data={**token, "reason": "code_not_valid"},
    )

    receipt = lou.get(refused).text
    assert "le refus est maintenu" in receipt
    assert "Le code n’était pas valable" in receipt


def test_only_reviewers_decide(
    town: Town, browser_of: BrowserOf, lou: TestClient, refused: str, form: Fields
) -> None:
    contest(lou, refused, form)

    for account_id in (town.editor.id, town.baker.id, town.auditor.id):
        assert browser_of(account_id).get("/admin/examens").status_code == 403


def test_a_made_up_reason_is_refused(
    town: Town, browser_of: BrowserOf, lou: TestClient, refused: str, form: Fields
) -> None:
    contest(lou, refused, form)
    reviewer = browser_of(town.reviewer.id)
    token = form(reviewer.get("/admin/examens").text)

    answer = reviewer.post(
        f"/admin/examens/{claim_of(refused)}/refuser", data={**token, "reason": "spite"}
    )

    assert answer.status_code == 422
