"""Lists of drop-off points, good and bad lines."""

import json

import pytest

from backend.territory.errors import ImportUnreadableError
from backend.territory.geo import Position
from backend.territory.sources import points
from backend.territory.sources.points import Point

HEADER = "ref,name,kind,address,latitude,longitude,materials\n"
KNOWN = ("glass", "paper")
ROW = {
    "geo_point_2d": {"lat": 43.292, "lon": 5.57},
    "flux_lib": "Verre",
    "type_lib": "Enterré",
    "adresse": "3 rue  des Pins",
    "commune": "AUBAGNE",
    "ct": "CT4",
}
PLACE = Position(43_292_000, 5_570_000)


def csv_lines(text: str) -> list[points.Line]:
    return points.read_csv(text, known_materials=KNOWN)


def test_reads_a_plain_list() -> None:
    text = HEADER + "17,Point tri,street,3 rue des Pins,43.292,5.57,glass paper\n"

    [line] = csv_lines(text)

    assert line.numbers == (2,)
    assert line.point == Point(
        "17", "Point tri", "street", "3 rue des Pins", PLACE, ("glass", "paper")
    )


def test_reads_semicolons_decimal_commas_and_a_byte_order_mark() -> None:
    text = "\ufeff" + HEADER.replace(",", ";") + "17;Point tri;kiosk;3 rue;43,292;5,57;glass\n"

    [line] = csv_lines(text)

    assert line.point is not None
    assert line.point.position == PLACE


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("17,P,street,a,x,5.57,glass", "no position"),
        ("17,P,street,a,99,5.57,glass", "no position"),
        ("17,P,shop,a,43.2,5.57,glass", "kind 'shop'"),
        ("17,P,street,a,43.2,5.57,gold", "materials gold"),
        ("17,P,street,a,43.2,5.57,", "materials (none)"),
        (",P,street,a,43.2,5.57,glass", "ref is empty"),
        ("17,,street,a,43.2,5.57,glass", "name is empty"),
        ("17", "kind None"),
    ],
)
def test_says_what_is_wrong_with_a_line(row: str, problem: str) -> None:
    [line] = csv_lines(HEADER + row + "\n")

    assert line.point is None
    assert problem in " / ".join(line.problems)


def test_refuses_a_second_line_of_one_reference() -> None:
    row = "17,P,street,a,43.2,5.57,glass\n"

    first, second = csv_lines(HEADER + row + row)

    assert first.point is not None
    assert second.problems == ("ref is empty or stands twice in this file",)


def test_gathers_containers_of_one_place_into_a_station() -> None:
    rows = [ROW, ROW | {"flux_lib": "Biflux"}, ROW | {"geo_point_2d": "43.3, 5.4"}]

    first, second = points.read_opendatasoft(json.dumps(rows))

    assert first.numbers == (2, 3)
    assert first.point == Point(
        "43292000:5570000",
        "Point tri 3 rue des Pins",
        "street",
        "3 rue des Pins",
        PLACE,
        ("glass", "packaging"),
    )
    assert second.point is not None
    assert second.point.position == Position(43_300_000, 5_400_000)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"flux_lib": "Ordures ménagères"}, "not recycled"),
        ({"flux_lib": "Uranium"}, "flow 'uranium' is unknown"),
        ({"flux_lib": None}, "flow '' is unknown"),
        ({"geo_point_2d": None}, "is no position"),
        ({"geo_point_2d": {"lat": 43}}, "is no position"),
        ({"geo_point_2d": "43.2"}, "is no position"),
    ],
)
def test_says_what_is_wrong_with_a_record(changed: dict[str, object], problem: str) -> None:
    [line] = points.read_opendatasoft(json.dumps({"results": [ROW | changed]}))

    assert line.point is None
    assert problem in line.problems[0]


def test_reads_the_semicolon_export_of_the_portal() -> None:
    text = 'geo_point_2d;flux_lib;type_lib;adresse\n"43.292, 5.57";Verre;Aérien;3 rue\n'

    [line] = points.read_opendatasoft(text)

    assert line.point is not None
    assert line.point.materials == ("glass",)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[1]", '{"results": 1}', "a;b\n1;2\n", "ref,name\n1,2\n"]
)
def test_refuses_a_file_that_is_no_list(text: str) -> None:
    with pytest.raises(ImportUnreadableError):
        points.read_opendatasoft(text)
    with pytest.raises(ImportUnreadableError):
        csv_lines(text if not text.startswith(("[", "{")) else "")


def test_refuses_a_file_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "MAX_LINES", 1)

    with pytest.raises(ImportUnreadableError, match="split it"):
        csv_lines(HEADER + "1,P,street,a,43.2,5.57,glass\n" * 2)
