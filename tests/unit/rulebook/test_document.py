"""Documents: one reading only, exact numbers, stable hashes, errors that help."""

import json
from fractions import Fraction

import pytest

from backend.rulebook import engine
from backend.rulebook.document import (
    edition_from_tree,
    edition_tree,
    parse_edition,
    path_text,
    read_tree,
    to_yaml,
)
from backend.rulebook.engine import RulebookInvalidError
from backend.rulebook.schema.base import exact_text, parse_exact
from backend.rulebook.schema.examples import json_schema
from tests.unit.rulebook.books import amp, edition_text, small_tree


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1\nb: 2", "anchors and aliases"),
        ("a: [&x 1, *x]", "anchors and aliases"),
        ("a: !!float 1", "tags"),
        ("a: !!python/name:os.system x", "tags"),
        ("a: 1\na: 2", "occurs twice"),
        ("{a: 1}\n---\n{b: 2}", "one document"),
        ("? [a, b]\n: 1", "a key must be plain text"),
        ("? {a: b}\n: 1", "a key must be plain text"),
        ("a: [1, 2", "did not find expected"),
        ("[" * 100 + "]" * 100, "nested deeper"),
        (b"\xff\xfe\x00", "special characters"),
        ("a: \x00", "control characters"),
        ("x" * 4_000_001, "longer than"),
    ],
)
def test_text_that_two_readers_could_read_differently_is_refused(
    text: str | bytes, problem: str
) -> None:
    with pytest.raises(RulebookInvalidError) as caught:
        read_tree(text)

    assert problem in caught.value.errors[0]["problem"] or isinstance(text, bytes)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5", "12.5"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("012", "012"),
        ("2026-01-01", "2026-01-01"),
        ("no", "no"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("-7", -7),
        ("0", 0),
        ("'7'", "7"),
        ("true", True),
        ("~", None),
        ("null", None),
        ("9" * 19, "9" * 19),
        ("", None),
    ],
)
def test_scalars_are_read_without_surprises(text: str, value: object) -> None:
    assert read_tree(f"a: {text}") == {"a": value}


@pytest.mark.parametrize("text", ["", "~", "just text", "[]", "7"])
def test_a_document_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(RulebookInvalidError):
        parse_edition(text)


@pytest.mark.parametrize(
    "value", ["1e3", "nan", "inf", "1.", ".5", " 1", "1_0", "", True, 1.5, None, "9" * 20]
)
def test_inexact_numbers_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="plain decimal"):
        parse_exact(value)


@pytest.mark.parametrize("text", ["0", "-3", "12.5", "0.000000000000000001", "100", "99.99"])
def test_exact_numbers_are_written_as_they_were_read(text: str) -> None:
    assert str(exact_text(parse_exact(text))) == text


def test_trailing_zeros_do_not_change_the_hash() -> None:
    assert exact_text(Fraction("1.50")) == "1.5"
    assert exact_text(Fraction("2.0")) == 2


def test_hash_is_of_the_meaning_not_of_the_spelling() -> None:
    rulebook = amp()
    as_json = json.dumps(edition_tree(rulebook.edition), indent=3)
    as_yaml = to_yaml(rulebook.edition)

    assert engine.document_hash(engine.load(as_json)) == engine.document_hash(rulebook)
    assert engine.document_hash(engine.load(as_yaml)) == engine.document_hash(rulebook)
    assert engine.canonical_document(engine.load(as_yaml)) == engine.canonical_document(rulebook)


def test_canonical_document_is_itself_a_document() -> None:
    rulebook = amp()

    again = engine.load(engine.canonical_document(rulebook))

    assert again.edition == rulebook.edition


def test_hash_changes_with_one_unit() -> None:
    text = edition_text("amp-2026-1").replace(b"units: 200,", b"units: 201,")

    assert engine.document_hash(engine.load(text)) != engine.document_hash(amp())


def test_known_hash_so_that_published_editions_stay_recognised() -> None:
    assert engine.document_hash(engine.load(json.dumps(small_tree()))) == (
        "0039cd8cf6f7bb0fa83536cfa457b79a14375c658b48e7793300d563b44e8b4f"
    )


def test_an_error_names_path_problem_and_a_valid_example() -> None:
    tree = small_tree()
    tree["rules"][0]["require"] = [
        {"id": "far", "require": {"type": "measure", "fact": "distance_m", "at_least": "2km"}}
    ]

    with pytest.raises(RulebookInvalidError) as caught:
        edition_from_tree(tree)

    assert caught.value.errors == [
        {
            "path": "rules[0].require[0].require.at_least",
            "problem": "input should be a valid integer",
            "example": "2000",
        }
    ]


def test_every_problem_is_reported_at_once() -> None:
    tree = small_tree(time_zone="Mars/Base", surprise=1)
    tree["rules"][0]["budget"] = 7

    with pytest.raises(RulebookInvalidError) as caught:
        edition_from_tree(tree)

    assert [item["path"] for item in caught.value.errors] == [
        "time_zone",
        "rules[0].budget",
        "surprise",
    ]


def test_a_list_with_a_wrong_item_is_not_reported_as_empty() -> None:
    tree = small_tree()
    tree["rules"][0]["max_units_per_act"] = "much"

    with pytest.raises(RulebookInvalidError) as caught:
        edition_from_tree(tree)

    assert [item["path"] for item in caught.value.errors] == ["rules[0].max_units_per_act"]


def test_every_field_of_the_language_has_a_description_and_a_valid_example() -> None:
    fields = [
        (name, field, facts)
        for name, model in json_schema()["$defs"].items()
        for field, facts in model.get("properties", {}).items()
    ]

    assert len(fields) > 100
    assert [(name, field) for name, field, facts in fields if not facts.get("description")] == []
    assert [(name, field) for name, field, facts in fields if not facts.get("examples")] == []


def test_paths_are_written_as_people_do() -> None:
    assert path_text(("rules", 0, "tariff")) == "rules[0].tariff"
    assert path_text(()) == "document"
