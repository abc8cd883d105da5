"""Meaning of conditions: references exist, bounds make sense, clocks are the edition's."""

from collections.abc import Iterator

from backend.rulebook.schema import conditions as c
from backend.rulebook.schema.edition import Edition
from backend.rulebook.validate_problem import Path, Problem


def condition_problems(edition: Edition, path: Path, condition: c.Condition) -> Iterator[Problem]:
    """Return the problems of a condition and of the conditions inside it."""
    match condition:
        case c.AllOf() | c.AnyOf() | c.Not():
            for step, part in _parts(condition):
                yield from condition_problems(edition, (*path, *step), part)
        case c.Instant() | c.DateRange():
            yield from _range_problems(path, condition)
        case c.DateIn():
            yield from _date_list_problems(edition, path, condition)
        case c.Processed() if not (edition.compat and edition.compat.processing_date):
            yield Problem(path, "the day of computation needs `compat.processing_date`")
        case c.Measure():
            yield from _measure_problems(path, condition)
        case c.PlaceIn():
            yield from _place_problems(edition, path, condition)
        case _:
            pass
    yield from _clock_problems(edition, path, condition)


def _parts(condition: c.AllOf | c.AnyOf | c.Not) -> Iterator[tuple[Path, c.Condition]]:
    if isinstance(condition, c.Not):
        yield ("of",), condition.of
        return
    for position, part in enumerate(condition.of):
        yield ("of", position), part


def _range_problems(path: Path, condition: c.Instant | c.DateRange) -> Iterator[Problem]:
    low, high = (
        condition.from_,
        (condition.before if isinstance(condition, c.Instant) else condition.to),
    )
    if low is None and high is None:
        yield Problem((*path, condition.type, "from"), "give at least one bound")
    elif low is not None and high is not None and high < low:
        yield Problem((*path, condition.type, "from"), "the range ends before it begins")


def _date_list_problems(edition: Edition, path: Path, condition: c.DateIn) -> Iterator[Problem]:
    name = condition.date_list
    if name is not None and condition.dates:
        yield Problem(path, "give `dates` or `date_list`, not both")
    elif name is not None and name not in edition.date_lists:
        yield Problem((*path, condition.type, "date_list"), f"no list of days is called {name!r}")
    elif name is None and not condition.dates:
        yield Problem(path, "give `dates` or `date_list`")


def _measure_problems(path: Path, condition: c.Measure) -> Iterator[Problem]:
    low, below, high = condition.at_least, condition.less_than, condition.at_most
    if low is None and below is None and high is None:
        yield Problem((*path, condition.type, "at_least"), "give at least one bound")
    if below is not None and high is not None:
        yield Problem((*path, condition.type, "at_most"), "give `less_than` or `at_most`, not both")
    if low is not None and ((below is not None and below <= low) or (high or low) < low):
        yield Problem((*path, condition.type, "at_least"), "no value lies between the bounds")


def _place_problems(edition: Edition, path: Path, condition: c.PlaceIn) -> Iterator[Problem]:
    if (condition.codes is None) == (condition.area is None):
        yield Problem(path, "give exactly one of codes, area")
    if condition.area is not None and condition.area not in edition.areas:
        yield Problem((*path, condition.type, "area"), f"no area is called {condition.area!r}")


def _clock_problems(edition: Edition, path: Path, condition: c.Condition) -> Iterator[Problem]:
    zone = getattr(condition, "time_zone", None)
    if zone in (None, edition.time_zone) or (edition.compat and edition.compat.other_clocks):
        return
    yield Problem(
        (*path, "time_zone"),
        f"must be the edition's own ({edition.time_zone}); leave it out",
        f'"{edition.time_zone}"',
    )
