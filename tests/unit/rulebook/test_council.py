"""Papers and pictures for a council say what the figures say, and to everybody."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from backend.rulebook.act import Place
from backend.rulebook.council.charts import months_chart, places_chart
from backend.rulebook.council.figures import (
    MIN_PEOPLE,
    TOGETHER,
    Places,
    comparison_figures,
    largest_first,
)
from backend.rulebook.council.paper import Paper, content, csv_bytes, pdf_bytes
from backend.rulebook.diff import describe_changes
from backend.rulebook.engine import Act
from backend.rulebook.simulation.table import table_of
from tests.unit.rulebook.books import amp, make_act

MADE = datetime(2026, 11, 26, tzinfo=UTC)
DISTRICTS = {"q1": "Les Flots", "q2": "Les <Rocs>"}


def glass(person: int, area: str, district: str | None = None, month: int = 3) -> Act:
    codes = {"commune": area, "arr": area} | ({"qpv": district} if district else {})
    at = datetime(2026, month, 5, 12, tzinfo=UTC)
    return make_act(person_ref=f"p{person}", place=Place(codes), occurred_at=at)


def figures(acts: list[Act], districts: dict[str, str] | None = None) -> dict[str, Any]:
    places = Places("arr", {"13201": "Marseille 1er", "13005": "Aubagne"}, districts or {})
    return comparison_figures(amp(1), amp(2), table_of(acts), places=places, top=2)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    acts = [glass(n, "13201", "q1") for n in range(8)]
    acts += [glass(n, "13005", "q2" if n % 2 else None, month=4) for n in range(20, 34)]
    return figures(acts, DISTRICTS)


def paper(found: dict[str, Any], lang: str = "fr") -> Paper:
    changes = describe_changes(amp(1).edition, amp(2).edition, lang)
    return Paper(found, changes, "population", MADE, lang, {"glass": "Verre"}, worth="+0,22 €")


def test_figures_name_gains_by_place_and_district(found: dict[str, Any]) -> None:
    areas = {row["code"]: row for row in found["by_area"]}
    districts = {row["code"]: row for row in found["by_district"]}

    assert areas["13201"] | {"name": "Marseille 1er"} == areas["13201"]
    assert (areas["13201"]["before_units"], areas["13201"]["after_units"]) == (1600, 2400)
    assert (districts["q1"]["gaining"], districts["q1"]["people"]) == (8, 8)
    assert found["examples"][0]["before_lines"] != found["examples"][0]["lines"]


def test_examples_do_not_repeat_each_other() -> None:
    found = figures([glass(n, "13201") for n in range(9)])

    assert len(found["examples"]) == 1


def test_nothing_is_said_by_district_when_none_is_loaded() -> None:
    assert figures([glass(1, "13201")])["by_district"] is None


@pytest.mark.parametrize("sizes", [(9, 5), (9, 5, 5), (9, 8, 1), (5,), (6, 6)])
def test_no_row_holds_fewer_people_than_may_be_shown(sizes: tuple[int, ...]) -> None:
    acts = [glass(100 * at + n, f"1300{at}") for at, size in enumerate(sizes) for n in range(size)]

    rows = figures(acts)["by_area"]

    assert sum(row["people"] for row in rows) == sum(sizes)
    assert sum(row["before_units"] for row in rows) == 200 * sum(sizes)
    if sum(sizes) >= MIN_PEOPLE:
        assert min(row["people"] for row in rows) >= MIN_PEOPLE
    assert {row["code"] for row in rows if row["name"] == TOGETHER} <= {TOGETHER}


def test_csv_has_a_line_per_figure(found: dict[str, Any]) -> None:
    text = csv_bytes(paper(found)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))

    by_name = {(row["section"], row["name"]): row for row in rows}
    assert by_name["total", ""]["difference_points"] == "22"
    assert by_name["area", "Marseille 1er"]["after_points"] == "24"
    assert by_name["district", "Les Flots"]["people_gaining"] == "8"
    assert by_name["act", "Verre"]["before_points"] == "44"
    assert [row["name"] for row in rows if row["section"] == "month"] == ["2026-03", "2026-04"]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fr", ("Comparaison de deux barèmes", "Les Flots", "2 points → 3 points", "+0,22 €")),
        ("en", ("Comparison of two rulebooks", "Les Flots", "2 points → 3 points")),
    ],
)
def test_the_paper_says_it_all(found: dict[str, Any], lang: str, words: tuple[str, ...]) -> None:
    text = json.dumps(content(paper(found, lang)), ensure_ascii=False)

    for word in (*words, amp(1).hash, amp(2).hash):
        assert word in text


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_pdf_is_tagged_for_screen_readers(found: dict[str, Any], lang: str) -> None:
    document = pdf_bytes(paper(found, lang))

    assert document.startswith(b"%PDF-1.7")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in document
    assert f"<rdf:li>{lang}</rdf:li>".encode() in document


def test_pdf_is_the_same_file_when_made_again(found: dict[str, Any]) -> None:
    assert pdf_bytes(paper(found)) == pdf_bytes(paper(found))


def test_no_district_of_the_paper_is_no_table(found: dict[str, Any]) -> None:
    assert content(paper(figures([glass(1, "13201")])))["districts"] == []
    assert len(content(paper(found))["districts"]) == 3


def test_pictures_are_plain_svg_with_words(found: dict[str, Any]) -> None:
    for picture in (
        months_chart(found, "fr"),
        places_chart(largest_first(found["by_district"], limit=5), "Quartiers", "fr"),
    ):
        root = ET.fromstring(picture)  # noqa: S314 - our own picture
        assert root.get("role") == "img"
        assert root.get("aria-label")
        assert "style=" not in picture
        assert "<script" not in picture


def test_a_picture_marks_the_month_in_which_a_budget_ends(found: dict[str, Any]) -> None:
    budget = {"budget": "m", "max_units": 1, "spent_units": 1,
              "exhausted_at": "2026-04-05T12:00:00+00:00"}  # fmt: skip
    ended = found | {"after": found["after"] | {"budgets": [budget]}}

    assert "budget épuisé" in months_chart(ended, "fr")
    assert "budget épuisé" not in months_chart(found, "fr")


def test_places_that_lose_lie_left_of_places_that_gain() -> None:
    rows = [
        {"name": "A", "before_units": 0, "after_units": 100},
        {"name": "B", "before_units": 100, "after_units": 0},
        {"name": "C", "before_units": 7, "after_units": 7},
    ]
    shown = largest_first(rows, limit=9)
    root = ET.fromstring(places_chart(shown, "t", "en"))  # noqa: S314 - our own picture
    bars = [rect for rect in root if rect.tag.endswith("rect")]

    assert [bar.get("class") for bar in bars] == ["chart-rise", "chart-fall"]
    assert int(bars[1].get("x") or 0) + int(bars[1].get("width") or 0) == int(bars[0].get("x") or 0)


def test_an_empty_comparison_has_papers_too() -> None:
    found = figures([])

    assert pdf_bytes(paper(found)).startswith(b"%PDF")
    assert b"total" in csv_bytes(paper(found))
