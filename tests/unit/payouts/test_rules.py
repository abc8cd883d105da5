from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.db.migrate import FOLDER
from backend.payouts.rules import (
    FILE_MOVES,
    MAX_REFERENCE_CHARS,
    MOVES,
    FileState,
    PayoutState,
    end_to_end_id,
    latin,
    masked_iban,
    message_id,
    needs_other_account,
    next_bank_day,
    parse_end_to_end_id,
    parse_message_id,
)
from backend.settlement.rules import MICRO_CENTS_PER_CENT, cash_out_units, euro_cents


@given(takings=st.integers(0, 10**12), rate=st.integers(1, 10**7))
def test_no_cent_is_made_or_lost_between_points_and_euro(takings: int, rate: int) -> None:
    units = cash_out_units(takings, rate)
    cents = euro_cents(units, rate)

    assert 0 <= units <= takings
    assert cents * MICRO_CENTS_PER_CENT == units * rate
    # Nothing larger would do: one more step is beyond the takings.
    rest = takings - units
    assert all((units + more) * rate % MICRO_CENTS_PER_CENT for more in range(1, min(rest, 50) + 1))


@given(parts=st.lists(st.integers(0, 10**9), max_size=8), rate=st.integers(1, 10**6))
def test_closing_in_parts_pays_what_closing_at_once_pays(parts: list[int], rate: int) -> None:
    held = paid_cents = 0
    for part in parts:
        held += part
        units = cash_out_units(held, rate)
        held -= units
        paid_cents += euro_cents(units, rate)

    at_once = cash_out_units(sum(parts), rate)

    assert paid_cents == euro_cents(at_once, rate)
    assert held == sum(parts) - at_once


def test_each_state_is_in_its_table() -> None:
    assert set(MOVES) == set(PayoutState)
    assert set(FILE_MOVES) == set(FileState)


def test_the_database_holds_the_same_tables() -> None:
    versions = FOLDER / "versions"
    names = ("0007_payouts.py", "0023_found_files.py")
    text = "".join((versions / name).read_text() for name in names)

    for moves in (MOVES, FILE_MOVES):
        for source, targets in moves.items():
            for target in targets:
                assert f'"{source}>{target}"' in text


@given(number=st.integers(0, 2**256 - 1), attempt=st.integers(1, 99))
def test_references_fit_the_bank(number: int, attempt: int) -> None:
    reference = end_to_end_id(f"0x{number:064x}", attempt)

    assert len(reference) <= MAX_REFERENCE_CHARS
    assert set(reference) <= set("0123456789ABCDEF-")
    assert parse_end_to_end_id(reference) == (f"0x{number:064x}"[:34], attempt)
    file_id = f"{number:064x}"[:32]
    assert len(message_id(file_id)) <= MAX_REFERENCE_CHARS
    assert parse_message_id(message_id(file_id)) == file_id


@example(text="A" * 32 + "-1")
@given(text=st.text() | st.from_regex(r"[0-9A-Fa-f]{31,33}(-[0-9]{1,3})?"))
def test_a_reference_that_is_read_is_one_that_is_written(text: str) -> None:
    found = parse_end_to_end_id(text)

    assert found is None or end_to_end_id(*found) == text


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (date(2026, 11, 26), date(2026, 11, 27)),
        (date(2026, 11, 27), date(2026, 11, 30)),  # Friday → Monday
        (date(2026, 12, 24), date(2026, 12, 28)),  # Christmas and a week-end
        (date(2027, 3, 25), date(2027, 3, 30)),  # Good Friday to Easter Monday
        (date(2026, 12, 31), date(2027, 1, 4)),
        (date(2026, 4, 30), date(2026, 5, 4)),
        (date(2026, 5, 13), date(2026, 5, 14)),  # Ascension is a TARGET day
    ],
)
def test_banks_settle_on_target_days(day: date, following: date) -> None:
    assert next_bank_day(day) == following


def test_an_account_number_shows_its_ends() -> None:
    assert masked_iban("FR7630006000011234567890189") == "FR76 … 0189"


@pytest.mark.parametrize(("code", "needs"), [("AC04", True), ("AM05", False), ("", False)])
def test_some_reasons_ask_for_another_account(code: str, *, needs: bool) -> None:
    assert needs_other_account(code) is needs


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Épicerie « Chez Zoé » & fils", "Epicerie Chez Zoe + fils"),
        ("Œuvre d’Aubagne – Straße 3", "OEuvre d'Aubagne - Strasse 3"),
        ("<b>x</b>\x01", "b x /b"),
        ("ﭐ ☃", ""),
    ],
)
def test_names_are_written_in_the_letters_of_banks(name: str, written: str) -> None:
    assert latin(name) == written
