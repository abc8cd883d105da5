import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.units import points_text
from backend.web import browsers, forms


@pytest.mark.parametrize(
    ("typed", "units"),
    [
        ("12", 1200),
        ("12,5", 1250),
        ("12.50", 1250),
        (" 1 200,05 ", 120_005),
        ("0,01", 1),
        ("0", 0),
        ("", None),
        ("-3", None),
        ("1,234", None),
        ("12,", None),
        ("1e3", None),
        ("٣", None),
        ("12345678", None),
    ],
)
def test_reads_amounts_as_people_type_them(typed: str, units: int | None) -> None:
    assert forms.units_in(typed) == units


@given(st.integers(min_value=0, max_value=99_999_999), st.sampled_from(["fr"]))
def test_reads_back_every_amount_that_a_page_writes(units: int, language: str) -> None:
    assert forms.units_in(points_text(units, lang=language)) == units


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/payer/abc", "/payer/abc"),
        ("/", "/"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("", "/"),
    ],
)
def test_leads_to_this_site_only(asked: str, path: str) -> None:
    assert forms.local_path(asked) == path


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit Chrome/130 Mobile Safari", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) Version/18 Safari/605", "Safari, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0", "Firefox, Linux"),
        ("curl/8", ""),
    ],
)
def test_names_browsers(header: str, name: str) -> None:
    assert browsers.name_of(header) == name
