from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from backend.statements import csv_file, invoices, pdf
from backend.statements.rules import Line, PaidLine, Statement, StatementOffError, number_of

AT = datetime(2026, 11, 3, 9, 30, 0, 123_456, tzinfo=UTC)
STATEMENT = Statement(
    number=number_of("a" * 32, date(2026, 11, 1), date(2026, 11, 30)),
    merchant="Boulangerie « du Port » & fils",
    commune="Marseille",
    account="FR14 … 2606",
    first=date(2026, 11, 1),
    last=date(2026, 11, 30),
    made_at=AT,
    opening_units=7,
    lines=(
        Line(AT, "payment_confirmed", "0A1B2C3D", 12_345, 12_352),
        Line(AT, "refund_requested", "4D5E6F70", -345, 12_007),
        Line(AT, "cash_out_requested", "11223344", -12_000, 7),
    ),
    payouts=(PaidLine(AT, "AB" * 16, 12_000, 1_200, "paid"),),
    rate_micro_cents_per_unit=100_000,
)


def test_a_statement_sums_up_what_it_lists() -> None:
    assert (STATEMENT.sales, STATEMENT.sold_units, STATEMENT.other_units) == (1, 12_345, -345)
    assert (STATEMENT.closing_units, STATEMENT.euro_cents) == (7, 1_200)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_pdf_is_accessible_and_the_same_for_the_same_statement(language: str) -> None:
    written = pdf.write(STATEMENT, language)

    assert written.startswith(b"%PDF-1.7")
    assert b"/MarkInfo" in written
    assert f"/Lang({language})".encode() in written
    assert b"pdfuaid:part" in written
    assert written == pdf.write(STATEMENT, language)


def test_an_empty_month_is_a_statement_too() -> None:
    empty = replace(STATEMENT, lines=(), payouts=(), account="")

    assert pdf.write(empty).startswith(b"%PDF")


def test_a_statement_that_does_not_add_up_is_not_written() -> None:
    off = replace(STATEMENT, opening_units=8)

    with pytest.raises(StatementOffError, match="0A1B2C3D"):
        pdf.write(off)


def test_a_csv_has_every_movement_and_payout() -> None:
    lines = csv_file.write(STATEMENT).decode("utf-8-sig").splitlines()

    assert lines[0].startswith("date;heure;type;reference")
    assert "2026-11-03;10:30:00;Vente;0A1B2C3D;123.45;123.52;;" in lines
    assert f"2026-11-03;10:30:00;Versement;{'AB' * 16};;;12.00;paid" in lines
    assert len(lines) == 5


def test_invoice_data_have_one_row_per_shop_and_no_fee() -> None:
    row = invoices.InvoiceRow(
        "2026-11", "id", "Boulangerie", "Marseille", 3, 1_250, 5, 1_200, 120, 120, 0
    )

    head, line = invoices.write([row]).decode("utf-8-sig").splitlines()

    assert head.split(";")[-1] == "commission"
    assert line == "2026-11;id;Boulangerie;Marseille;3;12.50;0.05;12.00;1.20;1.20;0.00"
