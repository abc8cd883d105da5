"""Explanations: plain words in two languages, for payments, refusals and nothing."""

import re
from typing import Any

import pytest
from hypothesis import given, settings

from backend.rulebook import engine
from backend.rulebook.condition_words import requirement_text
from backend.rulebook.document import edition_from_tree
from backend.rulebook.engine import Act, ActIncompleteError, Place
from backend.rulebook.evaluation import Line
from backend.rulebook.explain_texts import COUNTED, PERIODS, SENTENCES, TARGETS
from tests.unit.rulebook.books import amp, book, cap, fixed, make_act, small_rule, small_tree
from tests.unit.rulebook.strategies import TRIANGLE, acts, conditions, rulebook_of, trees

MARSEILLE = Place({"commune": "13055"})


def words(act: Act, lang: str, rulebook: Any = None, **counters: int) -> list[str]:
    return engine.explain(engine.evaluate(act, rulebook or amp(), counters).lines, lang)


def test_a_deposit_in_french() -> None:
    told = words(make_act(count=3, place=MARSEILLE), "fr")

    assert [sentence.replace("\u202f", " ") for sentence in told] == [
        "Barème amp-2026-1.",
        "Règle appliquée : Verre déposé.",
        "3 × 2 points = 6 points.",
        "Compteur (dépôts par personne et par jour) : 0 acte → 1 acte sur 10 actes.",
        "Compteur (points de tri par personne et par jour) : 0 point → 6 points sur 30 points.",
        "Budget (Métropole Aix-Marseille-Provence) : 0 point → 6 points sur 5 000 000 points.",
        "Complément : Bonus verre de Marseille.",
        "10 % du montant de base = 0,6 point.",
        "Compteur (points de tri par personne et par jour) : 6 points → 6,6 points sur 30 points.",
        "Budget (Ville de Marseille) : 0 point → 0,6 point sur 200 000 points.",
        "À recevoir tout de suite : 6,6 points.",
        "Total : 6,6 points.",
    ]


def test_a_trip_in_english() -> None:
    trip = make_act(kind="mobility", mode="bike", material=None, distance_m=3456)

    assert words(trip, "en")[1:4] == [
        "Rule applied: Bike trip.",
        "3.456 km × 0.25 points per km = 0.864 points.",
        "Rounded down: 0.864 points → 0.86 points.",
    ]


def test_a_refusal_gives_the_rule_and_the_reason() -> None:
    trip = make_act(kind="mobility", mode="bike", material=None, distance_m=10)

    assert words(trip, "fr")[1:] == [
        "Condition non remplie pour « Trajet à vélo » : un trajet de 500 m à 40 km.",
        "Total : 0 point.",
    ]


def test_a_cap_that_is_reached_says_so_with_its_values() -> None:
    full = {"1|person|alice|amp|deposits-day|2026-11-28": 10}

    assert words(make_act(), "en", **full)[-2:] == [
        "Cap (deposits per person and day) reached, 10 acts of 10 acts: no points for this act.",
        "Total: 0 points.",
    ]


def test_a_held_amount_says_how_long() -> None:
    assert "À recevoir après un délai de 48 heures : 0,5 point." in words(
        make_act(proof_level="P1"), "fr"
    )


@pytest.mark.parametrize(
    ("seconds", "fr"),
    [
        (60, "1 minute"),
        (7200, "2 heures"),
        (86_400, "24 heures"),
        (604_800, "7 jours"),
        (61, "61 s"),
    ],
)
def test_delays_are_told_in_the_largest_whole_unit(seconds: int, fr: str) -> None:
    release = {
        "P2": [{"share_percent": 100, "release": {"type": "after_seconds", "seconds": seconds}}]
    }
    rulebook = book(rules=[small_rule(release=release)])

    assert any(fr in sentence for sentence in words(make_act(), "fr", rulebook))


def test_a_cap_without_title_is_named_by_target_and_period() -> None:
    rulebook = book(caps=[cap(target="station", period="week", counter="items", max=4)])

    assert "Compteur (par borne, par semaine) : 0 objet → 1 objet sur 4 objets." in words(
        make_act(station_ref="s"), "fr", rulebook
    )


def test_an_amount_without_finite_decimals_is_cut_for_people_only() -> None:
    formula = {
        "op": "quotient",
        "args": [{"op": "number", "number": 100}, {"op": "number", "number": 3}],
    }
    rulebook = book(rules=[small_rule(tariff={"mode": "formula", "formula": formula})])

    assert "Rounded down: 0.33333333 points → 0.33 points." in words(make_act(), "en", rulebook)


def test_unknown_language_is_french() -> None:
    assert words(make_act(), "de") == words(make_act(), "fr")


def test_both_languages_have_the_same_sentences_with_the_same_facts() -> None:
    assert SENTENCES["fr"].keys() == SENTENCES["en"].keys()
    for code, french in SENTENCES["fr"].items():
        english = SENTENCES["en"][code]
        assert set(re.findall(r"{(\w+)}", french)) == set(re.findall(r"{(\w+)}", english)), code
    for table in (TARGETS, PERIODS, COUNTED):
        assert table["fr"].keys() == table["en"].keys()


@given(tree=trees(always_pays=True), act=acts)
@settings(max_examples=25)
def test_every_evaluation_can_be_told_in_both_languages(tree: dict[str, Any], act: Act) -> None:
    try:
        result = engine.evaluate(act, rulebook_of(tree), {})
    except ActIncompleteError:
        return

    for lang in ("fr", "en"):
        sentences = engine.explain(result.lines, lang)
        assert len(sentences) == len(result.lines)
        assert not any("{" in sentence or "None" in sentence for sentence in sentences)
    assert result.lines[0].code == "edition"
    assert result.lines[-1] == Line("total", {"units": result.amount_units})


def test_lines_recompute_the_amount() -> None:
    rule = small_rule(tariff={"variants": [{"tiers": [{"pay": [fixed(7, "item"), fixed(5)]}]}]})
    lines = engine.evaluate(make_act(count=4), book(rules=[rule]), {}).lines

    parts = [int(str(line.facts["units"])) for line in lines if line.code.startswith("per_")]

    assert parts == [28, 5]
    assert lines[-1].facts["units"] == 33


@pytest.mark.parametrize(
    ("requirement", "fr", "en"),
    [
        (
            {"require": {"type": "measure", "fact": "count", "at_least": 2, "less_than": 9}},
            "nombre d'objets : au moins 2, moins de 9",
            "number of items: at least 2, less than 9",
        ),
        (
            {"exclude": {"type": "weekday_in", "days": ["saturday", "sunday"]}},
            "exclu si : un samedi, dimanche",
            "excluded if: on saturday, sunday",
        ),
        (
            {
                "require": {
                    "type": "any",
                    "of": [
                        {"type": "place_in", "which": "start", "codes": {"commune": ["13001"]}},
                        {"type": "not", "of": {"type": "date", "from": "2026-01-01"}},
                    ],
                }
            },
            "le départ dans le territoire prévu (commune 13001) ou pas (à partir du 2026-01-01)",
            "the start in the territory (commune 13001) or not (from 2026-01-01)",
        ),
    ],
)
def test_a_requirement_without_text_is_told_from_its_condition(
    requirement: dict[str, Any], fr: str, en: str
) -> None:
    rulebook = book(rules=[small_rule(require=[{"id": "x"} | requirement])])

    assert f"« Verre » : {fr}." in words(make_act(place=MARSEILLE), "fr", rulebook)[1]
    assert f"“Glass”: {en}." in words(make_act(place=MARSEILLE), "en", rulebook)[1]


@given(condition=conditions)
@settings(max_examples=40)
def test_every_condition_has_words_in_both_languages(condition: dict[str, Any]) -> None:
    tree = small_tree(
        rules=[small_rule(require=[{"id": "x", "require": condition}])],
        areas={
            "triangle": {"polygons": [TRIANGLE]},
            "circle": {"circle": {"lat": 1, "lon": 1, "radius_m": 5}},
        },
        date_lists={"special": []},
    )
    wanted = edition_from_tree(tree).rules[0].require[0].require
    assert wanted is not None

    text = requirement_text(wanted, must_hold=True)

    assert text.fr
    assert text.en
    assert "None" not in text.fr + text.en
