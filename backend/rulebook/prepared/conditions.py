"""Conditions as functions of an act."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

from backend.rulebook.act import Act, Place
from backend.rulebook.errors import ActIncompleteError
from backend.rulebook.geometry import FlatCircle, Point, is_in_polygons, scaled
from backend.rulebook.prepared.facts import local_day, local_time, reader, utc, zone_of
from backend.rulebook.schema import conditions as c
from backend.rulebook.schema.edition import Area, Edition

Test = Callable[[Act], bool]
PlaceTest = Callable[[Place], bool]

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def prepare_condition(edition: Edition, condition: c.Condition) -> Test:
    """Return the function that answers a condition for an act."""
    build: Callable[[Edition, Any], Test] = _BUILDERS[type(condition)]
    return build(edition, condition)


def _all(edition: Edition, condition: c.AllOf) -> Test:
    tests = tuple(prepare_condition(edition, part) for part in condition.of)
    return lambda act: all(test(act) for test in tests)


def _any(edition: Edition, condition: c.AnyOf) -> Test:
    tests = tuple(prepare_condition(edition, part) for part in condition.of)
    return lambda act: any(test(act) for test in tests)


def _not(edition: Edition, condition: c.Not) -> Test:
    inner = prepare_condition(edition, condition.of)
    return lambda act: not inner(act)


def _class_in(_: Edition, condition: c.ClassIn) -> Test:
    classes = frozenset(condition.classes)
    return lambda act: act.operator_class in classes


def _adult(_: Edition, condition: c.Adult) -> Test:
    passes = condition.unknown_passes
    return lambda act: passes if act.passenger_adult is None else act.passenger_adult


def _person_tag(_: Edition, condition: c.PersonTag) -> Test:
    tag = condition.tag
    return lambda act: tag in act.person_tags


def _same_code(_: Edition, condition: c.SameCode) -> Test:
    level = condition.level
    return lambda act: _code(act.place, level) == _code(act.end_place, level)


def _fact_is_zero(_: Edition, condition: c.FactIsZero) -> Test:
    fact = condition.fact
    return lambda act: not getattr(act, fact)


def _material_in(_: Edition, condition: c.MaterialIn) -> Test:
    materials = frozenset(condition.materials)
    return lambda act: act.material in materials


def _mode_in(_: Edition, condition: c.ModeIn) -> Test:
    modes = frozenset(condition.modes)
    return lambda act: act.mode in modes


def _proof_level_in(_: Edition, condition: c.ProofLevelIn) -> Test:
    levels = frozenset(condition.levels)
    return lambda act: act.proof_level in levels


def _processed(_: Edition, condition: c.Processed) -> Test:
    first = condition.from_

    def test(act: Act) -> bool:
        if act.processed_on is None:
            raise ActIncompleteError("processed_on")
        return act.processed_on >= first

    return test


def _instant(_: Edition, condition: c.Instant) -> Test:
    first, end = utc(condition.from_), utc(condition.before)

    def test(act: Act) -> bool:
        at = act.occurred_at
        return (first is None or at >= first) and (end is None or at < end)

    return test


def _date(edition: Edition, condition: c.DateRange) -> Test:
    zone = zone_of(condition.time_zone or edition.time_zone)
    low, high = condition.from_ or date.min, condition.to or date.max
    return lambda act: low <= local_day(act.occurred_at, zone) <= high


def _date_in(edition: Edition, condition: c.DateIn) -> Test:
    zone = zone_of(condition.time_zone or edition.time_zone)
    listed = edition.date_lists[condition.date_list] if condition.date_list else ()
    days = frozenset(condition.dates or listed)
    return lambda act: local_day(act.occurred_at, zone) in days


def _weekday_in(edition: Edition, condition: c.WeekdayIn) -> Test:
    zone = zone_of(condition.time_zone or edition.time_zone)
    numbers = frozenset(_WEEKDAYS.index(day) for day in condition.days)
    return lambda act: local_day(act.occurred_at, zone).weekday() in numbers


def _hours(edition: Edition, condition: c.Hours) -> Test:
    zone = zone_of(condition.time_zone or edition.time_zone)
    start, end = time.fromisoformat(condition.from_), time.fromisoformat(condition.before)
    if start < end:
        return lambda act: start <= local_time(act.occurred_at, zone).time() < end

    def passes_midnight(act: Act) -> bool:
        clock = local_time(act.occurred_at, zone).time()
        return clock >= start or clock < end

    return passes_midnight


def _operator_in(_: Edition, condition: c.OperatorIn) -> Test:
    spans = [(utc(span.from_), frozenset(span.allowed)) for span in reversed(condition.timeline)]

    def test(act: Act) -> bool:
        for start, allowed in spans:
            if start is None or start <= act.occurred_at:
                return act.operator in allowed
        return False

    return test


def _measure(_: Edition, condition: c.Measure) -> Test:
    read = reader(condition.fact)
    low = condition.at_least or 0
    high = condition.at_most
    if condition.less_than is not None:
        high = condition.less_than - 1
    if high is None:
        return lambda act: read(act) >= low
    top = high
    return lambda act: low <= read(act) <= top


def _place_in(edition: Edition, condition: c.PlaceIn) -> Test:
    area = (
        edition.areas[condition.area] if condition.area is not None else Area(codes=condition.codes)
    )
    inside = prepare_area(area)
    match condition.which:
        case "start":
            return lambda act: act.place is not None and inside(act.place)
        case "end":
            return lambda act: act.end_place is not None and inside(act.end_place)
        case "both":
            return lambda act: (
                act.place is not None
                and act.end_place is not None
                and inside(act.place)
                and inside(act.end_place)
            )
        case _:
            return lambda act: (
                (act.place is not None and inside(act.place))
                or (act.end_place is not None and inside(act.end_place))
            )


def prepare_area(area: Area) -> PlaceTest:
    """Return the function that tells whether a place lies in an area.

    A place without the codes lies outside; a place without position under a polygon or circle
    is an `ActIncompleteError`, since nobody can tell.
    """
    if area.codes is not None:
        return _codes_test({level: frozenset(codes) for level, codes in area.codes.items()})
    if area.circle is not None:
        circle = FlatCircle(area.circle.lat, area.circle.lon, area.circle.radius_m)
        return lambda place: circle.contains(_point(place))
    polygons = [
        [tuple((scaled(point[0]), scaled(point[1])) for point in ring) for ring in polygon]
        for polygon in area.polygons or ()
    ]
    return lambda place: is_in_polygons(_point(place), polygons)


def _codes_test(codes: dict[str, frozenset[str]]) -> PlaceTest:
    if len(codes) == 1:
        ((level, wanted),) = codes.items()
        return lambda place: place.codes.get(level) in wanted
    pairs = tuple(codes.items())
    return lambda place: any(place.codes.get(level) in wanted for level, wanted in pairs)


def _point(place: Place) -> Point:
    if place.lat is None or place.lon is None:
        raise ActIncompleteError("place.lat, place.lon")
    return scaled(place.lon), scaled(place.lat)


def _code(place: Place | None, level: str) -> str | None:
    return None if place is None else place.codes.get(level)


_BUILDERS: dict[type[object], Callable[[Edition, Any], Test]] = {
    c.AllOf: _all,
    c.AnyOf: _any,
    c.Not: _not,
    c.Instant: _instant,
    c.DateRange: _date,
    c.DateIn: _date_in,
    c.WeekdayIn: _weekday_in,
    c.Hours: _hours,
    c.Processed: _processed,
    c.OperatorIn: _operator_in,
    c.ClassIn: _class_in,
    c.Measure: _measure,
    c.Adult: _adult,
    c.PersonTag: _person_tag,
    c.PlaceIn: _place_in,
    c.SameCode: _same_code,
    c.FactIsZero: _fact_is_zero,
    c.MaterialIn: _material_in,
    c.ModeIn: _mode_in,
    c.ProofLevelIn: _proof_level_in,
}
