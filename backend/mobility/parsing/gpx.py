"""GPX 1.0 and 1.1 track points, read event by event: bounded memory, no DTD, no entity.

defusedxml is not needed for this: a document type, the only place where XML can define
entities, is refused before its first declaration is read.
"""

from typing import Any
from xml.parsers import expat

from backend.mobility.errors import TraceInvalidError
from backend.mobility.parsing.times import read_instant
from backend.mobility.trace import MAX_POINTS, Trace, make_trace

_MAX_TEXT = 200
"""Characters of one value; longer text belongs to no number or time."""
_VALUES = {"ele": 5, "speed": 4, "accuracy": 3}
"""Elements by the column they fill; `speed` is of GPX 1.0 and of common extensions."""
_UERE_M = 5.0
"""Metres of one sigma per unit of hdop. Source: GPS Standard Positioning Service performance
standard, 5th edition (2020), user range error of a modern single-frequency receiver."""


def read_gpx(content: bytes, *, now_t: float | None, name: str) -> Trace:
    """Read all track points of a GPX file as one trace.

    Raises:
        TraceInvalidError: Not well-formed, holds a DTD, no points, a point without time or
            place, or a bound is broken.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.text
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(content, True)  # noqa: FBT003 - positional only in expat
    except expat.ExpatError as error:
        raise TraceInvalidError("malformed_xml", "This XML cannot be read.") from error
    if not reader.rows:
        raise TraceInvalidError("without_points", "The file holds no track point (trkpt).")
    return make_trace(name, reader.rows, now_t=now_t)


class _Reader:
    """Collects rows from expat's events."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self._row: list[Any] | None = None
        self._text: list[str] = []
        self._length = 0

    def refuse_doctype(self, *_: object) -> None:
        raise TraceInvalidError("with_dtd", "Remove the document type declaration: GPX has none.")

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        self._text, self._length = [], 0
        if _local(qualified) != "trkpt":
            return
        if len(self.rows) >= MAX_POINTS:
            raise TraceInvalidError("too_long", f"A trace holds at most {MAX_POINTS} points.")
        place = [_number(attributes.get(key), f"trkpt.{key}") for key in ("lat", "lon")]
        self._row = [None, *place, None, None, None]

    def text(self, part: str) -> None:
        self._length += len(part)
        if self._length <= _MAX_TEXT:
            self._text.append(part)

    def end(self, qualified: str) -> None:
        name = _local(qualified)
        row = self._row
        if row is None:
            return
        if name == "trkpt":
            if row[0] is None:
                raise TraceInvalidError(
                    "without_times", "A track point has no time.", path="trkpt.time"
                )
            self.rows.append(row)
            self._row = None
        elif name == "time":
            row[0] = read_instant("".join(self._text), "trkpt.time")
        elif name in _VALUES:
            row[_VALUES[name]] = _number("".join(self._text), f"trkpt.{name}")
        elif name == "hdop":
            row[3] = _number("".join(self._text), "trkpt.hdop") * _UERE_M


def _local(qualified: str) -> str:
    return qualified.rpartition(" ")[2]


def _number(text: str | None, path: str) -> float:
    try:
        return float(text if text is not None else "")
    except ValueError as error:
        raise TraceInvalidError(
            "not_a_number", "A value of a track point is no number.", path=path, example="43.2962"
        ) from error
