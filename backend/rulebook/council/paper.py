"""The papers for a vote: one accessible PDF, and the same figures as CSV."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from backend.kernel.units import points_text
from backend.rulebook.council.charts import months_chart, places_chart
from backend.rulebook.council.figures import Figures, largest_first
from backend.rulebook.council.words import Words, place_name, words_of
from backend.rulebook.evaluation import Line
from backend.rulebook.explain import explain

TEMPLATE = Path(__file__).with_name("paper.typ")
CHART_PLACES = 12
"""Places that change most in a picture; the tables have them all."""


@dataclass(frozen=True)
class Paper:
    """What a paper says.

    Attributes:
        figures: Of `comparison_figures`.
        changes: What changes in the rules, in words.
        basis: past_acts, population or file.
        made_at: Aware instant; the file depends on nothing else that moves.
        subject_names: Material, mode or kind → name for people.
        worth: Difference in euro, in words; empty leaves it out.
    """

    figures: Figures
    changes: Sequence[str]
    basis: str
    made_at: datetime
    lang: str = "fr"
    subject_names: Mapping[str, str] = field(default_factory=dict)
    worth: str = ""


def csv_bytes(paper: Paper) -> bytes:
    """Return every figure as CSV, one line per month, kind of act, place and budget.

    UTF-8 with a byte order mark and semicolons, which French spreadsheets open as columns; points
    are plain decimals with a point.
    """
    figures, words = paper.figures, words_of(paper.lang)
    stream = io.StringIO()
    out = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    out.writerow(["section", "code", "name", "before_points", "after_points", "difference_points",
                  "people_gaining", "people_losing", "exhausted_at"])  # fmt: skip
    total = {"before_units": figures["before"]["units"], "after_units": figures["after"]["units"]}
    people = figures["people"]
    out.writerow(_csv_row("total", "", "", total | people))
    for code, row in sorted(figures["by_month"].items()):
        out.writerow(_csv_row("month", code, code, row))
    for code, row in sorted(figures["by_subject"].items()):
        out.writerow(_csv_row("act", code, paper.subject_names.get(code, code), row))
    for section, rows in (("area", figures["by_area"]), ("district", figures["by_district"])):
        for row in rows or ():
            out.writerow(_csv_row(section, row["code"], place_name(row["name"], words), row))
    for edition in ("before", "after"):
        for row in figures[edition]["budgets"]:
            spent = _plain(row["spent_units"])
            cells = [spent, ""] if edition == "before" else ["", spent]
            out.writerow(["budget", row["budget"], edition, *cells, "", "", "",
                          row["exhausted_at"] or ""])  # fmt: skip
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def pdf_bytes(paper: Paper) -> bytes:
    """Return the paper as tagged PDF (PDF/UA-1, ISO 14289-1)."""
    data = json.dumps(content(paper), ensure_ascii=False)
    made: bytes = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        sys_inputs={"data": data},
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        timestamp=int(paper.made_at.timestamp()),
    )
    return made


def content(paper: Paper) -> dict[str, Any]:
    """Return every word, figure and picture of the paper; the template only sets them."""
    figures, lang = paper.figures, paper.lang
    words = words_of(lang)
    before, after = figures["before"], figures["after"]
    date = paper.made_at.strftime("%d/%m/%Y" if lang == "fr" else "%-d %B %Y")
    return {
        "lang": lang,
        "words": dict(words),
        "subtitle": words["subtitle"].format(before=before["edition"], after=after["edition"]),
        "made_on": words["made_on"].format(date=date),
        "basis": words[f"basis.{paper.basis}"].format(n=_number(after["acts"], lang)),
        "summary": _summary_rows(paper, words),
        "changes": list(paper.changes),
        "months": _table(sorted(figures["by_month"].items()), lang),
        "months_chart": months_chart(figures, lang),
        "subjects": _table(
            [
                (paper.subject_names.get(code, code), row)
                for code, row in sorted(figures["by_subject"].items())
            ],
            lang,
            people=True,
        ),
        "areas": _places(figures["by_area"], words, lang),
        "areas_chart": _places_chart(figures["by_area"], words["by_area"], lang),
        "districts": _places(figures["by_district"] or (), words, lang),
        "districts_chart": _places_chart(figures["by_district"] or (), words["by_district"], lang),
        "budgets": _budgets(figures, words, lang),
        "examples": [_example(example, paper) for example in figures["examples"]],
        "hashes": [[side["edition"], side["hash"]] for side in (before, after)],
    }


def _summary_rows(paper: Paper, words: Words) -> list[list[str]]:
    figures, lang = paper.figures, paper.lang
    before, after, people = figures["before"], figures["after"], figures["people"]
    gap = _signed(after["units"] - before["units"], lang)
    paid = [_number(side["paid_acts"], lang) for side in (before, after)]
    persons = [_number(people[name], lang) for name in ("gaining", "losing", "same")]
    return [
        [f"{words['before']} ({words['points']})", points_text(before["units"], lang=lang)],
        [f"{words['after']} ({words['points']})", points_text(after["units"], lang=lang)],
        [words["difference"], f"{gap} · {paper.worth}" if paper.worth else gap],
        [words["paid_acts"], " → ".join(paid)],
        [words["people"], " / ".join(persons)],
    ]


def _budgets(figures: Figures, words: Words, lang: str) -> list[list[str]]:
    return [
        [
            f"{row['budget']} · {words[edition].lower()}",
            points_text(row["spent_units"], lang=lang),
            points_text(row["max_units"], lang=lang),
            _day(row["exhausted_at"], lang) or words["not_exhausted"],
        ]
        for edition in ("before", "after")
        for row in figures[edition]["budgets"]
    ]


def _places(rows: Sequence[Figures], words: Words, lang: str) -> list[list[str]]:
    return _table(
        [(place_name(row["name"], words), row) for row in largest_first(rows, limit=len(rows))],
        lang,
        people=True,
    )


def _places_chart(rows: Sequence[Figures], title: str, lang: str) -> str:
    shown = largest_first(rows, limit=CHART_PLACES)
    return places_chart(shown, title, lang) if shown else ""


def _table(
    rows: Sequence[tuple[str, Figures]], lang: str, *, people: bool = False
) -> list[list[str]]:
    return [
        [
            name,
            points_text(row["before_units"], lang=lang),
            points_text(row["after_units"], lang=lang),
            _signed(row["after_units"] - row["before_units"], lang),
            *([_number(row["gaining"], lang), _number(row["losing"], lang)] if people else []),
        ]
        for name, row in rows
    ]


def _example(example: Figures, paper: Paper) -> dict[str, Any]:
    lang, subject = paper.lang, example["subject"]
    sides = {
        side: explain([Line(line["code"], line["facts"]) for line in example[name]], lang)
        for side, name in (("before", "before_lines"), ("after", "lines"))
    }
    amounts = (points_text(example[f"{side}_units"], lang=lang) for side in sides)
    return {
        "title": f"{paper.subject_names.get(subject, subject)} : {' → '.join(amounts)}",
        **sides,
    }


def _csv_row(section: str, code: str, name: str, row: Figures) -> list[str | int]:
    before, after = row["before_units"], row["after_units"]
    return [section, code, name, _plain(before), _plain(after), _plain(after - before),
            row.get("gaining", ""), row.get("losing", ""), ""]  # fmt: skip


def _plain(units: int) -> str:
    return points_text(units, lang="en").replace(",", "")


def _signed(units: int, lang: str) -> str:
    return f"{'+' if units > 0 else ''}{points_text(units, lang=lang)}"


def _number(value: int, lang: str) -> str:
    return points_text(value * 100, lang=lang)


def _day(instant: str | None, lang: str) -> str:
    if instant is None:
        return ""
    return datetime.fromisoformat(instant).strftime("%d/%m/%Y" if lang == "fr" else "%-d %B %Y")
