"""Mass balance: trimming, carrying, reliability."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.collections import rules as balance
from backend.collections.rules import Balance, Round


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Round(1000, 1000), Balance(Fraction(1), 0, 0, 5000)),
        (Round(800, 1000), Balance(Fraction(1), 0, 0, 5000)),
        (Round(1050, 1000), Balance(Fraction(1), 0, 50, 5000)),
        (Round(1051, 1000), Balance(Fraction(1050, 1051), 1, 0, 1250)),
        (Round(2100, 1000), Balance(Fraction(1, 2), 1050, 0, 1250, is_gross=True)),
        (Round(1167, 1000), Balance(Fraction(1050, 1167), 117, 0, 1250, is_gross=True)),
        (Round(1166, 1000), Balance(Fraction(1050, 1166), 116, 0, 1250)),
        (Round(1000, 0), Balance(Fraction(0), 1000, 0, 1250, is_gross=True)),
        (Round(1040, 1000, carried_g=50), Balance(Fraction(1000, 1040), 40, 0, 1250)),
        (Round(0, 1000), Balance(Fraction(1), 0, 0, 2500)),
        (Round(0, 0, carried_g=50), Balance(Fraction(1), 50, 50, 1250)),
    ],
)
def test_judges_a_round(found: Round, expected: Balance) -> None:
    assert balance.judge_round(found, reliability_bps=2500) == expected


def test_four_good_rounds_make_a_station_trusted_and_one_bad_one_halves_it() -> None:
    reliability = 0
    for _ in range(5):
        reliability = balance.judge_round(
            Round(900, 1000), reliability_bps=reliability
        ).reliability_bps
    assert reliability == 10_000

    assert (
        balance.judge_round(Round(2000, 1000), reliability_bps=reliability).reliability_bps == 5000
    )


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=12))
def test_over_time_no_more_is_kept_than_was_weighed_and_one_tolerance(
    rounds: list[tuple[int, int]],
) -> None:
    kept, weighed, carried = Fraction(0), 0, 0
    for claimed_g, weighed_g in rounds:
        found = balance.judge_round(
            Round(claimed_g, weighed_g, carried), reliability_bps=0, tolerance_bps=500
        )
        kept += claimed_g * found.keep
        weighed += weighed_g
        carried = found.carried_g

    # Each trimmed round may use its own tolerance; untrimmed ones hand theirs on.
    assert kept <= Fraction(weighed * 105, 100) + 1


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**6)), st.fractions(0, 1))
def test_trimming_never_gives_more_and_treats_all_alike(
    tranches: dict[str, int], keep: Fraction
) -> None:
    kept = balance.trim(tranches, keep)

    assert all(0 <= kept[name] <= units for name, units in tranches.items())
    assert all(kept[name] == units for name, units in tranches.items() if keep == 1)
    assert all(kept[name] + 1 > units * keep for name, units in tranches.items())


@given(st.integers(0, 10**9), st.integers(0, 10_000))
def test_a_split_loses_nothing(units: int, reliability_bps: int) -> None:
    at_once, later = balance.split(units, reliability_bps)

    assert at_once + later == units
    assert at_once >= 0
    assert later >= 0


def test_counts_the_usual_mass_of_items_where_nothing_was_weighed() -> None:
    assert balance.claimed_g("glass", items=3, mass_g=0) == 1200
    assert balance.claimed_g("glass", items=3, mass_g=900) == 900
    assert balance.claimed_g("gold", items=1, mass_g=0) == 0


@pytest.mark.parametrize(
    ("items", "tolerance_bps"), [(0, 100), (1, 2000), (100, 1000), (10_000, 190)]
)
def test_the_tolerance_shrinks_with_the_items_counted(items: int, tolerance_bps: int) -> None:
    assert balance.tolerance_bps(items) == tolerance_bps


def test_junk_in_the_sample_counts_as_nothing() -> None:
    assert balance.good_g(200_000, 250) == 195_000


def test_late_uploads_first_use_what_nobody_claimed() -> None:
    assert balance.beyond_spare_g(500, 800) == 0
    assert balance.beyond_spare_g(900, 800) == 100
