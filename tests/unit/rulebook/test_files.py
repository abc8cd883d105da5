"""Acts from files: both formats give the same acts, wrong ones say where."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from backend.kernel.errors import InvalidInputError
from backend.rulebook.act_facts import act_from_facts, act_to_facts
from backend.rulebook.engine import Act, Place
from backend.rulebook.simulation.files import read_acts, table_from_arrow
from tests.unit.rulebook.books import make_act
from tests.unit.rulebook.strategies import acts

AT = "2026-11-28T12:00:00+00:00"


@given(act=acts)
@settings(max_examples=25)
def test_facts_round_trip(act: Act) -> None:
    assert act_from_facts(json.loads(json.dumps(act_to_facts(act)))) == act


def test_both_formats_give_the_same_acts(tmp_path: Path) -> None:
    found = [
        make_act(
            place=Place({"commune": "13055"}, Decimal("43.3"), Decimal("5.4")),
            person_tags=frozenset({"solidarity"}),
        ),
        make_act(material=None, kind="mobility", mode="bus", passenger_adult=False, count=None),
    ]
    (tmp_path / "acts.jsonl").write_text(
        "\n".join(json.dumps(act_to_facts(act)) for act in found) + "\n\n"
    )
    table = pa.table(
        {
            "kind": ["recycling", "mobility"],
            "material": ["glass", None],
            "mode": [None, "bus"],
            "count": pa.array([1, None], pa.int16()),
            "person_ref": ["alice", "alice"],
            "occurred_at": pa.array([datetime(2026, 11, 28, 12, tzinfo=UTC)] * 2),
            "place.commune": ["13055", None],
            "place.lat": pa.array([43.3, None]),
            "place.lon": ["5.4", None],
            "passenger_adult": [None, False],
            "person_tags": [["solidarity"], []],
        }
    )
    pq.write_table(table, tmp_path / "acts.parquet")

    assert list(read_acts(tmp_path / "acts.jsonl").acts()) == found
    assert list(read_acts(tmp_path / "acts.parquet").acts()) == found


@pytest.mark.parametrize(
    ("columns", "where"),
    [
        ({"kind": ["x"]}, "occurred_at"),
        ({"occurred_at": [AT], "colour": ["red"]}, "colour"),
        ({"occurred_at": [AT], "count": ["two"]}, "count"),
        ({"occurred_at": [AT], "count": [1.5]}, "count"),
        ({"occurred_at": ["2026-11-28T12:00:00"]}, "occurred_at"),
        ({"occurred_at": pa.array([datetime(2026, 1, 1)])}, "occurred_at"),  # noqa: DTZ001 - it lacks a zone on purpose
    ],
)
def test_a_wrong_table_says_which_column(columns: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        table_from_arrow(pa.table(columns))

    assert caught.value.errors[0]["path"] == where


@pytest.mark.parametrize(
    ("facts", "where"),
    [
        ({}, "kind"),
        ({"kind": "x"}, "occurred_at"),
        ({"kind": "x", "occurred_at": "yesterday"}, "occurred_at"),
        ({"kind": "x", "occurred_at": AT, "count": True}, "count"),
        ({"kind": "x", "occurred_at": AT, "count": -1}, "count"),
        ({"kind": "x", "occurred_at": AT, "mode": 7}, "mode"),
        ({"kind": "x", "occurred_at": AT, "passenger_adult": "yes"}, "passenger_adult"),
        ({"kind": "x", "occurred_at": AT, "place": {"lat": "north", "lon": 1}}, "place"),
        ({"kind": "x", "occurred_at": AT, "wheels": 4}, "wheels"),
    ],
)
def test_a_wrong_act_says_which_fact(facts: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        act_from_facts(facts)

    assert caught.value.errors[0]["path"] == where


@pytest.mark.parametrize("line", ["not json", "[1]", '{"kind": 3, "occurred_at": "x"}'])
def test_a_wrong_line_says_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "acts.jsonl"
    path.write_text(json.dumps(act_to_facts(make_act())) + "\n" + line)

    with pytest.raises(InvalidInputError, match="line 2"):
        read_acts(path)
