from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.payouts.models import SolvencyDay
from backend.web.solvency_pages import BOTTOM, LEFT, RIGHT, TOP, curve


def day(number: int, liability: int, reserve: int) -> SolvencyDay:
    return SolvencyDay(
        day=date(2026, 11, 1) + timedelta(days=number),
        outstanding_units=0,
        liability_cents=liability,
        reserve_cents=reserve,
        owed_cents=0,
        paid_cents=0,
    )


def test_one_day_makes_no_line() -> None:
    assert curve([]) is None
    assert curve([day(0, 1, 1)]) is None


@pytest.mark.parametrize(
    ("top", "ticks"),
    [(0, (0, 100, 200)), (47_070, (0, 20_000, 40_000)), (400, (0, 100, 200))],
)
def test_steps_are_amounts_that_people_read_at_a_glance(top: int, ticks: tuple[int, ...]) -> None:
    drawn = curve([day(0, top, 0), day(1, 0, 0)])

    assert drawn is not None
    assert tuple(cents for _, cents in drawn.ticks)[:3] == ticks


@given(
    st.lists(
        st.tuples(st.integers(0, 10**12), st.integers(-(10**9), 10**12)), min_size=2, max_size=40
    )
)
def test_every_point_lies_inside_the_box(amounts: list[tuple[int, int]]) -> None:
    drawn = curve([day(n, *pair) for n, pair in enumerate(amounts)])

    assert drawn is not None
    for line in (drawn.liability, drawn.reserve):
        for point in line.split():
            x, y = map(int, point.split(","))
            assert LEFT <= x <= RIGHT
            assert TOP <= y <= BOTTOM
