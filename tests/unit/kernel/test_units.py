import pytest

from backend.kernel.units import points_text


@pytest.mark.parametrize(
    ("units", "french", "english"),
    [
        (0, "0", "0"),
        (5, "0,05", "0.05"),
        (100, "1", "1"),
        (1250, "12,5", "12.5"),
        (123_456_789, "1\u202f234\u202f567,89", "1,234,567.89"),
        (-150, "-1,5", "-1.5"),
        (-5, "-0,05", "-0.05"),
    ],
)
def test_points_are_written_as_people_read_them(units: int, french: str, english: str) -> None:
    assert points_text(units) == french
    assert points_text(units, lang="en") == english
