from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backend.kernel.errors import NotFoundError
from backend.mobility.emissions.factors import (
    SEED_PATH,
    EmissionFactor,
    avoided_factor,
    default_factors,
    factor_at,
    read_factors,
)
from backend.mobility.emissions.trips import FACTOR_OF_MODE, avoided_by

DAY = date(2026, 7, 11)
HEADER = SEED_PATH.read_text().splitlines()[0]


def table(tmp_path: Path, *lines: str) -> tuple[EmissionFactor, ...]:
    path = tmp_path / "factors.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return read_factors(path)


def line(
    value: str = "100",
    valid_from: str = "2025-01-01",
    valid_to: str = "",
    kind: str = "emission",
    edition: str = "e1",
) -> str:
    return f"car,{kind},{value},g/vkm,all,ADEME,url,{edition},MIT,{valid_from},{valid_to}"


def test_every_seeded_factor_names_source_edition_and_licence() -> None:
    factors = default_factors()

    assert all(one.source and one.source_url and one.edition and one.licence for one in factors)
    assert len({(one.code, one.valid_from) for one in factors}) == len(factors)
    assert set(FACTOR_OF_MODE.values()) <= {one.code for one in factors}


@pytest.mark.parametrize(
    ("code", "grams"),
    [
        ("walk", 1422),
        ("bike.electric", 1313),
        ("bus.diesel", 198),
        ("train.ter", 1145),
        ("tram", 1379),
    ],
)
def test_ten_kilometres_avoid_what_the_published_table_says(code: str, grams: int) -> None:
    avoided = avoided_by(default_factors(), code, 10_000.0, DAY)

    assert avoided.grams == grams
    assert avoided.factor_id == f"{code}@2026-07-01"


def test_a_car_avoids_nothing_and_never_less() -> None:
    assert avoided_by(default_factors(), "car.thermal.solo", 10_000.0, DAY).grams == 0


def test_gross_impacts_of_waste_are_never_avoided_emissions() -> None:
    with pytest.raises(NotFoundError):
        avoided_factor(default_factors(), "waste.glass.recycling", DAY)

    assert avoided_factor(default_factors(), "waste.packaging.recycled", DAY).value == 660


def test_takes_the_edition_of_the_day(tmp_path: Path) -> None:
    factors = table(
        tmp_path,
        line("217.6", valid_to="2024-12-31", valid_from="2020-01-01", edition="old"),
        line("142.25", edition="new"),
    )

    assert factor_at(factors, "car", date(2024, 12, 31)).edition == "old"
    assert factor_at(factors, "car", date(2025, 1, 1)).edition == "new"
    assert factor_at(factors, "car", date(2019, 1, 1)).edition == "old"


def test_has_no_factor_after_the_last_edition_ended_or_for_unknown_codes(tmp_path: Path) -> None:
    factors = table(tmp_path, line(valid_to="2025-12-31"))

    with pytest.raises(NotFoundError):
        factor_at(factors, "car", date(2026, 1, 1))
    with pytest.raises(NotFoundError):
        factor_at(factors, "horse", DAY)


@pytest.mark.parametrize("changes", [{"kind": "guess"}, {"value": "-1"}])
def test_refuses_a_line_of_unknown_kind_or_below_zero(tmp_path: Path, changes: Any) -> None:
    with pytest.raises(ValueError, match="unknown kind or negative"):
        table(tmp_path, line(**changes))
