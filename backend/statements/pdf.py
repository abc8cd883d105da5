"""A statement as an accessible PDF (PDF/UA-1, ISO 14289-1), set by typst."""

import json

from backend.paper.typesetting import typeset
from backend.statements.rules import Statement, check
from backend.statements.words import WORDS, day_text, euro, instant_text, kind_text, points


def write(statement: Statement, language: str = "fr") -> bytes:
    """Return the PDF, the same bytes for the same statement.

    Raises:
        StatementOffError: The statement does not add up.
    """
    check(statement)
    data = json.dumps(_content(statement, language), ensure_ascii=False)
    return typeset("statement", data, at=statement.made_at)


def _content(statement: Statement, language: str) -> dict[str, object]:
    words = WORDS[language]
    per_hundred = statement.rate_micro_cents_per_unit * 10_000 // 1_000_000
    return {
        "lang": language,
        "words": dict(words),
        "title": f"{words['title']} · {statement.merchant}",
        "head": [
            [words["merchant"], f"{statement.merchant}, {statement.commune}"],
            [words["account"], statement.account or words["no_account"]],
            [words["period"], _period(statement, language)],
            [words["number"], statement.number],
            [words["made"], instant_text(statement.made_at)],
        ],
        "summary": [
            [words["opening"], points(statement.opening_units, language)],
            [f"{words['sold']} ({statement.sales})", points(statement.sold_units, language)],
            [words["other"], points(statement.other_units, language)],
            [words["closed"], points(_closed_units(statement), language)],
            [words["closing"], points(statement.closing_units, language)],
            [words["rate"], words["rate_text"].format(euro=euro(per_hundred, language))],
            [words["fee"], euro(0, language)],
            [words["euro"], euro(statement.euro_cents, language)],
        ],
        "payouts": [
            [
                instant_text(paid.at),
                paid.reference,
                points(paid.units, language),
                euro(paid.euro_cents, language),
                words.get(paid.state, paid.state),
            ]
            for paid in statement.payouts
        ],
        "lines": [
            [
                instant_text(line.at),
                kind_text(line.kind, language),
                line.reference,
                points(line.units, language),
                points(line.balance_units, language),
            ]
            for line in statement.lines
        ],
    }


def _closed_units(statement: Statement) -> int:
    moved = statement.closing_units - statement.opening_units
    return moved - statement.sold_units - statement.other_units


def _period(statement: Statement, language: str) -> str:
    first, last = (day_text(day, language) for day in (statement.first, statement.last))
    return first if first == last else f"{first} {WORDS[language]['to']} {last}"
