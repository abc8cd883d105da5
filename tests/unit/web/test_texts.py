import re
import string
from datetime import UTC, datetime

import pytest

from backend.web import texts
from backend.web.texts import LANGUAGES
from tests.support.code import ROOT

WEB = ROOT / "backend/web"
LITERAL = re.compile(r"""['"]([a-z_]+(?:\.[a-zA-Z0-9_]+)+)['"]""")
CALL = re.compile(r"""\bt\('([a-z_.A-Z0-9]+)'( ~)?""")


def used_keys() -> tuple[set[str], set[str]]:
    """Return the keys that templates and handlers name, and the stems they build keys from."""
    keys: set[str] = set()
    stems: set[str] = set()
    for path in WEB.rglob("*.html"):
        for key, is_stem in CALL.findall(path.read_text()):
            (stems if is_stem else keys).add(key)
        keys.update(LITERAL.findall(path.read_text()))
    for path in WEB.rglob("*.py"):
        keys.update(LITERAL.findall(path.read_text()))
    return keys, stems


def exists(key: str) -> bool:
    return key in texts.catalogue("fr") or f"{key}.other" in texts.catalogue("fr")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_facts() -> None:
    french, english = texts.catalogue("fr"), texts.catalogue("en")

    assert french.keys() == english.keys()
    assert not [key for key in french if fields(french[key]) != fields(english[key])]


def test_no_text_is_empty_or_left_in_the_other_language() -> None:
    french, english = texts.catalogue("fr"), texts.catalogue("en")

    same = {key for key in french if french[key] == english[key] and " " in french[key].strip()}

    assert all(text.strip() for text in (*french.values(), *english.values()))
    assert same <= {
        "rules.seconds.one",
        "rules.seconds.other",
        "age.seconds",
        "age.minutes",
        "age.hours",
    }


def test_each_key_that_is_used_exists() -> None:
    keys, _ = used_keys()
    families = {key.split(".")[0] for key in texts.catalogue("fr")}

    named = {key for key in keys if key.split(".")[0] in families}
    # File names and module names look like keys.
    missing = {key for key in named if not exists(key)} - {"code.html", "help.html", "home.html"}

    assert not {key for key in missing if not key.endswith((".html", ".js", ".css", ".svg"))}


def test_each_text_is_used() -> None:
    keys, stems = used_keys()
    built = (
        *stems,
        "problem.",
        "reason.",
        "cards.reason.",
        "material.",
        "mode.",
        "ride.label.",
        "sign_in.problem.",
        "till.problem.",
        "refund.problem.",
        "offers.problem.",
        "offers.changed.",
        "apply.",
        "till_card.problem.",
        "team.problem.",
        "hours.day.",
        "door.problem.",
        "proofs.",
        "wallet.last.",
        "wallet.problem.",
        "pay.unproved.",
        "signal.",
        "review.reason.",
        "treasury.problem.",
        "treasury.difference.",
        "payouts.problem.",
        "radar.",
        "promise.refused.",
        "promise.said.",
        "promise.pass.",
        "bank.",
    )

    def is_used(key: str) -> bool:
        base = key.removesuffix(".one").removesuffix(".other")
        return {key, base} & keys != set() or key.startswith(built)

    assert [key for key in texts.catalogue("fr") if not is_used(key)] == []


def test_the_words_of_citizens_are_plain() -> None:
    words = re.compile(
        r"\b(blockchain|wallet|token|gas|hash|seed|nonce|transaction|smart contract)\b",
        re.IGNORECASE,
    )

    found = [
        f"{language}: {key}: {text}"
        for language in LANGUAGES
        for key, text in texts.catalogue(language).items()
        # Who holds a key of one's own has a wallet, and knows it by that name.
        if words.search(re.sub("wallet", "", text) if key.startswith("wallet.") else text)
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("language", "count", "word"),
    [
        ("fr", 0, "point"),
        ("fr", 1, "point"),
        ("fr", 2, "points"),
        ("en", 0, "points"),
        ("en", 1, "point"),
    ],
)
def test_numbers_agree_with_their_word(language: str, count: int, word: str) -> None:
    assert texts.translate(language, "unit.points", n=count) == word


@pytest.mark.parametrize(
    ("chosen", "header", "language"),
    [
        (None, "", "fr"),
        (None, "de-DE,de;q=0.9", "fr"),
        (None, "en-GB,en;q=0.9,fr;q=0.8", "en"),
        (None, "de,en;q=0.5", "en"),
        ("fr", "en-GB", "fr"),
        ("xx", "en-GB", "en"),
    ],
)
def test_the_language_is_the_choice_then_the_browser_then_french(
    chosen: str | None, header: str, language: str
) -> None:
    assert texts.choose_language(chosen, header) == language


@pytest.mark.parametrize(
    ("language", "cents", "text"),
    [
        ("fr", 123_450, "1\u202f234,50\u00a0€"),
        ("fr", 7, "0,07\u00a0€"),
        ("fr", -250, "−2,50\u00a0€"),
        ("en", 123_450, "€1,234.50"),
    ],
)
def test_euro_are_written_as_people_write_them(language: str, cents: int, text: str) -> None:
    assert texts.euro_text(cents, language) == text


def test_times_are_those_of_marseille() -> None:
    at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    french = texts.formats("fr")

    assert french["instant"](at) == "24 nov. 2026 à 00:30"
    assert french["clock_time"](at) == "00:30"
    assert texts.local_day(at).day == 24


@pytest.mark.parametrize(("units", "text"), [(1250, "+12,5"), (-300, "−3"), (0, "+0")])
def test_amounts_show_their_sign(units: int, text: str) -> None:
    assert texts.signed_points(units, "fr") == text
