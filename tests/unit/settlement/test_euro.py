import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.settlement.rules import MICRO_CENTS_PER_CENT, cash_out_units, euro_cents

TAKINGS = st.integers(0, 10**12)
RATE = st.integers(1, 10**9)


@given(takings=TAKINGS, rate=RATE)
def test_a_cash_out_makes_whole_cents_and_stays_within_the_takings(takings: int, rate: int) -> None:
    burned = cash_out_units(takings, rate)

    assert 0 <= burned <= takings
    assert euro_cents(burned, rate) * MICRO_CENTS_PER_CENT == burned * rate


@given(takings=st.integers(0, 3000), rate=st.integers(1, 3 * 10**6))
def test_a_cash_out_is_the_largest_that_makes_whole_cents(takings: int, rate: int) -> None:
    whole = [units for units in range(takings + 1) if units * rate % MICRO_CENTS_PER_CENT == 0]

    assert cash_out_units(takings, rate) == whole[-1]


@given(takings=TAKINGS, rate=RATE, more=TAKINGS)
def test_what_stays_is_paid_with_later_takings(takings: int, rate: int, more: int) -> None:
    first = cash_out_units(takings, rate)

    second = cash_out_units(takings - first + more, rate)

    assert first + second == cash_out_units(takings + more, rate)


def test_ten_points_at_ten_cents_are_one_euro() -> None:
    assert euro_cents(1000, 100_000) == 100


def test_an_amount_between_two_cents_is_refused() -> None:
    with pytest.raises(ValueError, match="whole cents"):
        euro_cents(1001, 100_000)
