import pytest

from backend.merchants.hours import day_text, parse_day


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("", []),
        ("  ", []),
        ("9-17", [(540, 1020)]),
        ("9h - 12h30", [(540, 750)]),
        ("8:30–12:30,14:00-19:00", [(510, 750), (840, 1140)]),
        ("20:00-24:00", [(1200, 1440)]),
    ],
)
def test_reads_hours_as_people_type_them(typed: str, spans: list[tuple[int, int]]) -> None:
    assert parse_day(typed) == spans
    assert parse_day(day_text(spans)) == spans


@pytest.mark.parametrize(
    "typed",
    [
        "matin",
        "9",
        "9-",
        "12-9",
        "9-9",
        "9-13, 12-18",
        "25-26",
        "9-24:30",
        "9:60-10",
        "1-2,3-4,5-6,7-8",
    ],
)
def test_refuses_what_is_no_hours(typed: str) -> None:
    assert parse_day(typed) is None
