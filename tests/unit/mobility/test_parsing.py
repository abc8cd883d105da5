import gzip
import json
import math
from typing import Any

import pytest

from backend.kernel.errors import ErrorKind
from backend.mobility.errors import TraceInvalidError
from backend.mobility.parsing import MAX_BYTES, parse_trace
from backend.mobility.trace import MAX_POINTS, Area

T0 = 1_700_000_000
MARSEILLE = Area(south=43.1, west=4.9, north=43.8, east=5.9)


def rows(count: int = 10) -> list[list[Any]]:
    return [[T0 + 5 * i, 43.3 + i * 1e-4, 5.37, 8, 4.0, 12] for i in range(count)]


def compact(points: list[Any]) -> bytes:
    return json.dumps({"id": "ride", "points": points}).encode()


def gpx(inner: str, head: str = "") -> bytes:
    text = (
        f'<?xml version="1.0"?>{head}<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1">'
        f"<trk><trkseg>{inner}</trkseg></trk></gpx>"
    )
    return text.encode()


def trkpt(second: int = 0, lat: Any = 43.3, extra: str = "") -> str:
    return (
        f'<trkpt lat="{lat}" lon="5.37"><ele>12</ele>'
        f"<time>2023-11-14T22:13:{second:02d}Z</time>{extra}</trkpt>"
    )


def refused(content: bytes, **options: Any) -> str:
    with pytest.raises(TraceInvalidError) as caught:
        parse_trace(content, **options)
    assert caught.value.kind is ErrorKind.INVALID
    return caught.value.code


def test_reads_compact_json_with_unknown_values() -> None:
    points = rows()
    points[3][3:] = [None, None, None]
    points[4] = points[4][:3]

    trace = parse_trace(compact(points))

    assert trace.id == "ride"
    assert len(trace) == 10
    assert trace.accuracy_m[0] == 8
    assert math.isnan(trace.accuracy_m[3])
    assert math.isnan(trace.altitude_m[4])


def test_reads_negative_device_speed_as_unknown() -> None:
    points = rows()
    points[0][4] = -1

    assert math.isnan(parse_trace(compact(points)).speed_mps[0])


def test_reads_gpx_with_accuracy_from_hdop_and_speed_extension() -> None:
    extra = "<hdop>1.2</hdop><extensions><speed>4.5</speed></extensions>"

    trace = parse_trace(gpx("".join(trkpt(i, extra=extra) for i in range(6))))

    assert len(trace) == 6
    assert trace.t[0] == T0 - 20
    assert trace.accuracy_m[0] == pytest.approx(6.0)
    assert trace.speed_mps[0] == 4.5
    assert trace.altitude_m[0] == 12


def test_reads_geojson_line_with_times() -> None:
    feature = {
        "type": "Feature",
        "properties": {"coordTimes": [f"2023-11-14T22:13:0{i}+00:00" for i in range(6)]},
        "geometry": {
            "type": "LineString",
            "coordinates": [[5.37, 43.3 + i / 1e4, 3] for i in range(6)],
        },
    }

    trace = parse_trace(json.dumps(feature).encode())

    assert (trace.lat[0], trace.lon[0], trace.altitude_m[0]) == (43.3, 5.37, 3)
    assert trace.t[5] - trace.t[0] == 5


def test_reads_geojson_points_with_millisecond_times() -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"timestamp": (T0 + i) * 1000, "accuracy": 9, "speed": 1.5},
            "geometry": {"type": "Point", "coordinates": [5.37, 43.3]},
        }
        for i in range(5)
    ]

    trace = parse_trace(json.dumps({"type": "FeatureCollection", "features": features}).encode())

    assert trace.t[0] == T0
    assert trace.accuracy_m[0] == 9


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda p: p[2].__setitem__(1, 95.0), "trace_swapped"),
        (lambda p: p[2].__setitem__(2, 181.0), "trace_out_of_range"),
        (lambda p: p[2].__setitem__(0, 5), "trace_time_too_old"),
        (lambda p: p[2].__setitem__(0, T0 + 200_000), "trace_lasts_too_long"),
        (lambda p: p[2].__setitem__(1, None), "trace_not_finite"),
        (lambda p: p[2].__setitem__(1, "43.3"), "trace_not_a_number"),
        (lambda p: p[2].__setitem__(1, True), "trace_not_a_number"),
        (lambda p: p[2].__setitem__(3, -4), "trace_out_of_range"),
        (lambda p: p[2].__setitem__(4, 900), "trace_out_of_range"),
        (lambda p: p[2].__setitem__(1, 10**400), "trace_not_a_number"),
        (lambda p: p[2].clear(), "trace_malformed_point"),
        (lambda p: p.__delitem__(slice(4, None)), "trace_too_short"),
        (
            lambda p: [q.__setitem__(2, 179.9 if i < 5 else -179.9) for i, q in enumerate(p)],
            "trace_crosses_antimeridian",
        ),
    ],
)
def test_refuses_points_out_of_bounds_with_a_code(change: Any, code: str) -> None:
    points = rows()
    change(points)

    assert refused(compact(points)) == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"points": [[1700000000, NaN, 5.3]]}', "trace_not_finite"),
        (
            b'{"points": [[1700000000, 1e999, 5.3], [1,2,3],[1,2,3],[1,2,3],[1,2,3]]}',
            "trace_not_finite",
        ),
        (b'{"points": 3}', "trace_without_points"),
        (b'{"points": ', "trace_malformed_json"),
        (b'{"points": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "trace_malformed_json"),
        (b'{"points": "\xff"}', "trace_malformed_json"),
        (b"PK\x03\x04....", "trace_compressed"),
        (gzip.compress(b"<gpx/>" * 1000, mtime=0), "trace_compressed"),
        (b"hello", "trace_unknown_format"),
        (b"", "trace_unknown_format"),
        (b"<gpx><trk>", "trace_malformed_xml"),
        (b"<gpx/>", "trace_without_points"),
        (b" " * (MAX_BYTES + 1), "trace_too_large"),
    ],
)
def test_refuses_content_that_is_no_trace(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_refuses_entity_bomb_before_reading_its_entities() -> None:
    bomb = '<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'

    assert refused(gpx(trkpt(extra="<desc>&b;</desc>"), head=bomb)) == "trace_with_dtd"


def test_refuses_gpx_time_without_zone_because_it_names_several_instants() -> None:
    point = trkpt().replace("00Z", "00")

    assert refused(gpx(point * 6)) == "trace_time_without_zone"


def test_refuses_gpx_without_times_and_with_words_for_numbers() -> None:
    untimed = '<trkpt lat="43.3" lon="5.37"/>'

    assert refused(gpx(untimed * 6)) == "trace_without_times"
    assert refused(gpx(trkpt(lat="north") * 6)) == "trace_not_a_number"
    assert refused(gpx(trkpt(lat="nan") * 6)) == "trace_not_finite"


def test_refuses_one_point_more_than_the_limit_and_takes_the_limit() -> None:
    points = [[T0 + i, 43.3, 5.37] for i in range(MAX_POINTS)]

    assert len(parse_trace(compact(points))) == MAX_POINTS
    assert refused(compact([*points, [T0 + 1, 43.3, 5.37]])) == "trace_too_long"


def test_refuses_future_beyond_the_tolerance_of_a_fast_clock() -> None:
    last = rows()[-1][0]

    assert len(parse_trace(compact(rows()), now_t=last - 300)) == 10
    assert refused(compact(rows()), now_t=last - 301) == "trace_in_the_future"


def test_says_when_times_are_milliseconds_and_when_a_file_is_empty() -> None:
    late = [[row[0] * 1000, *row[1:]] for row in rows()]

    with pytest.raises(TraceInvalidError, match="milliseconds"):
        parse_trace(compact(late))
    with pytest.raises(TraceInvalidError, match="empty"):
        parse_trace(b" \n")


def test_says_when_coordinates_of_the_territory_are_swapped() -> None:
    swapped = [[t, lon, lat, *rest] for t, lat, lon, *rest in rows()]

    assert refused(compact(swapped), area=MARSEILLE) == "trace_swapped"
    assert len(parse_trace(compact(rows()), area=MARSEILLE)) == 10


def test_refuses_trace_outside_the_territory() -> None:
    elsewhere = [[t, lat + 5, lon, *rest] for t, lat, lon, *rest in rows()]

    assert refused(compact(elsewhere), area=MARSEILLE) == "trace_outside_area"


def test_refuses_an_endless_string_in_linear_time() -> None:
    assert refused(b'{"a": "' + b'\\"' * 1_000_000) == "trace_malformed_json"


def test_brackets_inside_strings_hide_no_nesting() -> None:
    hidden = b'{"a": "]]]]]]]]", "points": ' + b'["]",' * 50_000 + b"1" + b"]" * 50_000 + b"}"

    assert refused(hidden) == "trace_malformed_json"
