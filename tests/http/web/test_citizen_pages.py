import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from tests.support.town import Town

BrowserOf = Callable[[str], TestClient]
Fields = Callable[[str], dict[str, str]]
HELD = r'id="confirmed">([^<]*)<'


def confirmed(page: str) -> str:
    return str(re.findall(HELD, page)[0])


def test_a_stranger_sees_an_empty_home_in_french(stranger: TestClient) -> None:
    answer = stranger.get("/")

    assert answer.status_code == 200
    assert 'lang="fr"' in answer.text
    assert "Rien pour l’instant" in answer.text
    assert confirmed(answer.text) == "0"
    assert not stranger.cookies, "looking must not open an account"


def test_looking_at_a_code_never_uses_it_up(stranger: TestClient, town: Town) -> None:
    code = town.deposit_code(count=3)

    first, second = stranger.get(f"/S/{code}"), stranger.get(f"/s/{code.lower()}")

    assert (first.status_code, second.status_code) == (200, 200)
    assert "Verre" in first.text
    assert "Vallon des Auffes, Marseille" in first.text
    town.decide()
    assert not stranger.cookies


def test_a_deposit_is_followed_from_the_code_to_the_balance(
    stranger: TestClient, town: Town, form: Fields
) -> None:
    code = town.deposit_code(count=3)
    page = stranger.get(f"/S/{code}")

    receipt = stranger.post(f"/s/{code}", data=form(page.text))

    assert receipt.url.path.startswith("/recus/")
    assert "en attente" in receipt.text
    town.decide()
    earned = stranger.get(receipt.url.path)
    assert 'data-state="confirming"' in earned.text
    assert "+6" in earned.text
    assert "3 × 2 points = 6 points" in earned.text.replace("\u202f", " ").replace("\u00a0", " ")
    home = stranger.get("/")
    assert "6 en attente" in home.text
    assert "Gardez vos points" in home.text


def test_points_can_be_spent_once_they_are_confirmed(
    town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    lou = town.citizen("lou@test.example")
    phone = browser_of(lou)
    code = town.deposit_code(count=3)
    receipt = phone.post(f"/s/{code}", data=form(phone.get(f"/s/{code}").text))
    town.decide()

    town.confirm_rewards(lou)

    assert confirmed(phone.get("/").text) == "6"
    final = phone.get(receipt.url.path).text
    assert 'data-state="confirmed"' in final
    assert "0x" + f"{1:064x}" in final, "the public proof names the transaction"


def test_pressing_the_button_twice_counts_once(
    stranger: TestClient, town: Town, form: Fields
) -> None:
    code = town.deposit_code()
    fields = form(stranger.get(f"/s/{code}").text)

    first = stranger.post(f"/s/{code}", data=fields)
    second = stranger.post(f"/s/{code}", data=fields)

    assert first.url.path == second.url.path


def test_a_code_that_somebody_used_gives_a_receipt_that_says_so(
    stranger: TestClient, town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    code = town.deposit_code()
    stranger.post(f"/s/{code}", data=form(stranger.get(f"/s/{code}").text))
    other = browser_of(town.citizen("eve@test.example"))

    answer = other.post(f"/s/{code}", data=form(other.get(f"/s/{code}").text))

    assert answer.url.path.startswith("/recus/")
    assert 'data-state="refused"' in answer.text
    assert "Quelqu’un a déjà utilisé ce code" in answer.text


def test_a_late_code_gives_a_receipt_that_says_so(
    stranger: TestClient, town: Town, form: Fields
) -> None:
    code = town.slot_code()
    fields = form(stranger.get(f"/s/{code}").text)
    town.clock.advance(minutes=3)

    answer = stranger.post(f"/s/{code}", data=fields)

    assert "Le code était trop ancien" in answer.text


@pytest.mark.parametrize("typed", ["HELLO1234", "ABCDEFGH", "HTTP://EVIL.EXAMPLE/S/ABC234AAA"])
def test_a_typed_code_that_is_none_comes_back_with_advice(
    stranger: TestClient, form: Fields, typed: str
) -> None:
    fields = form(stranger.get("/scanner").text)

    answer = stranger.post("/scanner", data={**fields, "code": typed})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert typed in answer.text


def test_a_typed_code_counts_like_a_scanned_one(
    stranger: TestClient, town: Town, form: Fields
) -> None:
    fields = form(stranger.get("/scanner").text)

    answer = stranger.post("/scanner", data={**fields, "code": town.slot_code()})

    assert answer.url.path.startswith("/recus/")


def test_a_forged_code_is_refused_in_words(stranger: TestClient, town: Town) -> None:
    code = town.deposit_code()
    forged = code[:-8] + ("A" * 8 if code[-8:] != "A" * 8 else "B" * 8)

    answer = stranger.post(f"/s/{forged}", data={"idempotency_key": "x" * 20})

    assert answer.status_code == 422
    assert "Ce qui est gardé" in answer.text


def test_nobody_reads_the_receipt_of_another(
    stranger: TestClient, town: Town, browser_of: BrowserOf, form: Fields
) -> None:
    code = town.deposit_code()
    receipt = stranger.post(f"/s/{code}", data=form(stranger.get(f"/s/{code}").text))

    other = browser_of(town.citizen("eve@test.example"))

    assert other.get(receipt.url.path).status_code == 404


def test_a_page_of_ones_own_asks_strangers_to_sign_in(stranger: TestClient) -> None:
    answer = stranger.get("/compte")

    assert answer.status_code == 401
    assert 'href="/connexion?next_path=/compte"' in answer.text


def test_an_unknown_page_says_what_to_do_and_what_to_quote(stranger: TestClient) -> None:
    answer = stranger.get("/nulle-part")

    assert answer.status_code == 404
    for words in ("Ce qui s’est passé", "Ce qui est gardé", "Ce que vous pouvez faire"):
        assert words in answer.text


def test_pages_speak_english_when_the_browser_does(stranger: TestClient) -> None:
    answer = stranger.get("/", headers={"Accept-Language": "en-GB,en;q=0.9"})

    assert 'lang="en"' in answer.text
    assert "Your balance" in answer.text


def test_the_chosen_language_stays(stranger: TestClient) -> None:
    answer = stranger.post("/langue", data={"language": "en", "next_path": "/aide"})

    assert answer.url.path == "/aide"
    assert 'lang="en"' in answer.text
    assert 'lang="en"' in stranger.get("/nulle-part").text


def test_help_and_published_rules_are_public(stranger: TestClient) -> None:
    assert stranger.get("/aide").status_code == 200
    rules = stranger.get("/bareme/1")
    assert rules.status_code == 200
    assert "amp-2026-1" in rules.text
    assert stranger.get("/bareme/2").status_code == 404


def test_each_page_forbids_foreign_and_inline_content(stranger: TestClient) -> None:
    for path in ("/", "/scanner", "/nulle-part", "/static/tokens.css"):
        headers = stranger.get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_never_cached_and_versioned_assets_always(stranger: TestClient) -> None:
    page = stranger.get("/")
    assert page.headers["Cache-Control"] == "no-store"

    style = re.findall(r'href="(/static/base\.css\?v=[0-9a-f]+)"', page.text)[0]

    assert "immutable" in stranger.get(style).headers["Cache-Control"]
    assert "Cache-Control" not in stranger.get("/static/base.css").headers


def test_https_answers_tell_browsers_to_stay_on_https(town: Town) -> None:
    secure = TestClient(town.app, base_url="https://calanque.example")

    assert "max-age" in secure.get("/aide").headers["Strict-Transport-Security"]


def test_words_of_a_problem_are_there_for_the_scan_page(stranger: TestClient) -> None:
    words = stranger.get("/problemes/code_expired").json()

    assert words["title"] == "Ce code n’est plus valable"
    assert stranger.get("/problemes/unheard_of").json()["title"]
