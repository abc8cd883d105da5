"""Tickets and recordings of one trip: two witnesses, one reward, whichever comes first."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from backend.actions import queries as action_queries
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.db.engine import Database
from backend.mobility.errors import FeedInvalidError
from backend.mobility.parsing import parse_trace
from backend.mobility.verify import verify
from backend.rewards import queries as reward_queries
from backend.rewards.rules import RewardState
from backend.trips import queries
from backend.trips import service as trips
from backend.trips.errors import ValidationFileError
from backend.trips.models import Trip
from backend.workflows import timetables, validation_files
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.admit_validations import Outcome, Validation
from backend.workflows.admit_validations import admit as admit_validations
from tests.support import builders, rides, travel
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock

GTFS = Path(__file__).parents[2] / "unit/mobility/data/gtfs/sample_gtfs.zip"
LOCATED_UNITS = 20
TRANSIT_UNITS = 50
"""What amp-2026-1 pays for an attested bus trip."""


@pytest.fixture
def operator(database: Database, clock: FrozenClock) -> Terminal:
    """An operator of a city in which the first edition is in force."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    return builders.make_operator(database, clock)


def holder(database: Database, clock: FrozenClock, account_id: str = "alice") -> str:
    with database.transaction() as session:
        return trips.link(session, account_id, at=clock.now()).code


def validation(word: str, at: datetime, **changes: object) -> Validation:
    """Return the bus ride of the recording, as its operator has it."""
    made = Validation(
        holder=word,
        serial="V-1",
        mode="bus",
        distance_m=17_000,
        started_at=at - timedelta(minutes=60),
        ended_at=at - timedelta(minutes=20),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of a dataclass


def report(
    database: Database, clock: FrozenClock, operator: Terminal, *rows: Validation | str, **how: bool
) -> list[tuple[Outcome, str]]:
    with database.transaction() as session:
        lines = admit_validations(session, operator.number, rows, now=clock.now(), **how)
    return [(line.outcome, line.problem) for line in lines]


def bus_span(clock: FrozenClock) -> tuple[datetime, datetime]:
    """Return when the bus leg of the recording begins and ends."""
    trace = parse_trace(rides.ride(rides.BUS, ended_at=clock.now()))
    (leg,) = [leg for leg in verify(trace).legs if leg.mode == "bus"]
    return leg.started_at, leg.ended_at


def test_a_validation_is_an_attested_trip_of_the_rider_it_names(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    word = holder(database, clock)

    assert report(database, clock, operator, validation(word, clock.now())) == [(Outcome.TAKEN, "")]
    outcome = travel.decide(database, clock)

    assert (outcome.state, outcome.units) == (ClaimState.ACCEPTED, TRANSIT_UNITS)
    assert travel.verdict(database, outcome.public_id).level == "P2"


def test_a_ticket_and_the_recording_before_it_are_two_witnesses(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    started_at, ended_at = bus_span(clock)
    trip, outcome = travel.travel(database, clock, "alice", ended_at=clock.now(), name=rides.BUS)
    assert outcome.units == 0, "a bus trace alone pays nothing"

    word = holder(database, clock)
    seen = validation(word, clock.now(), started_at=started_at, ended_at=ended_at)
    report(database, clock, operator, seen)
    ticket = travel.decide(database, clock)

    verdict = travel.verdict(database, ticket.public_id)
    assert (verdict.level, ticket.units) == ("P3", TRANSIT_UNITS)
    assert [reason["code"] for reason in verdict.reasons] == ["operator_attested", "trace_agrees"]
    assert trip.id != ticket.public_id


def test_a_recording_after_its_ticket_confirms_it_and_is_not_paid_again(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    started_at, ended_at = bus_span(clock)
    word = holder(database, clock)
    seen = validation(word, clock.now(), started_at=started_at, ended_at=ended_at)
    report(database, clock, operator, seen)
    ticket = travel.decide(database, clock)

    trip, outcome = travel.travel(database, clock, "alice", ended_at=clock.now(), name=rides.BUS)

    assert outcome.units == 0
    (bus,) = [leg for leg in trip.finding["legs"] if leg["mode"] == "bus"]
    assert (bus["proof_level"], bus["ticket"]) == ("P3", ticket.public_id)
    # (142.25 - 122.42) g/km: a bus avoids little.
    assert trip.finding["co2_avoided_g"] == int(19.83 * bus["distance_m"] / 1000)
    assert "paid_with_ticket" in [r["code"] for r in travel.verdict(database, trip.id).reasons]


def bike_receipt(trip: Trip, word: str) -> Validation:
    """Return what a bike-share operator says of the recorded ride."""
    leg = max(trip.finding["legs"], key=lambda one: one["distance_m"])
    return Validation(
        holder=word,
        serial="B-1",
        mode="bike_share",
        distance_m=leg["distance_m"],
        started_at=datetime.fromisoformat(leg["started_at"]),
        ended_at=datetime.fromisoformat(leg["ended_at"]),
    )


def held_units(database: Database, public_id: str) -> int:
    with database.reading() as session:
        claim = action_queries.by_public_id(session, public_id)
        assert claim is not None
        rows = reward_queries.of_claim(session, claim.id or 0)
        return sum(row.units for row in rows if row.state != RewardState.CANCELLED)


def test_a_receipt_after_the_ride_was_paid_takes_its_place(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    trip, ride = travel.travel(database, clock, "alice", ended_at=clock.now())
    assert ride.units == LOCATED_UNITS
    report(database, clock, operator, bike_receipt(trip, holder(database, clock)))

    receipt = travel.decide(database, clock)

    assert receipt.units > LOCATED_UNITS
    assert travel.verdict(database, receipt.public_id).level == "P3"
    assert (held_units(database, trip.id), held_units(database, receipt.public_id)) == (
        0,
        receipt.units,
    )
    legs = travel.kept(database, trip.id).finding["legs"]
    assert [leg["ticket"] for leg in legs if "ticket" in leg] == [receipt.public_id]


def test_a_receipt_after_the_ride_was_paid_out_adds_nothing(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    trip, ride = travel.travel(database, clock, "alice", ended_at=clock.now())
    with database.transaction() as session:
        claim = action_queries.by_public_id(session, trip.id)
        assert claim is not None
        for row in reward_queries.of_claim(session, claim.id or 0):
            row.state = RewardState.CONFIRMED
            session.add(row)
    report(database, clock, operator, bike_receipt(trip, holder(database, clock)))

    receipt = travel.decide(database, clock)

    assert (receipt.state, receipt.units) == (ClaimState.REFUSED, 0)
    [reason] = travel.verdict(database, receipt.public_id).reasons
    assert reason["code"] == "trip_paid_already"
    assert held_units(database, trip.id) == ride.units


def test_a_ride_that_waits_for_its_verdict_when_the_receipt_comes_is_paid_once(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    trip = travel.hand_in(database, clock, "alice", rides.ride(ended_at=clock.now()))
    travel.judge(database, clock)
    report(
        database,
        clock,
        operator,
        bike_receipt(travel.kept(database, trip.id), holder(database, clock)),
    )

    first, second = (travel.decide(database, clock) for _ in range(2))

    units = {first.public_id: first.units, second.public_id: second.units}
    assert units[trip.id] == 0
    assert sum(units.values()) > LOCATED_UNITS


def test_a_recording_of_another_hour_confirms_nothing(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    travel.travel(database, clock, "alice", ended_at=clock.now(), name=rides.BUS)
    early = clock.now() - timedelta(hours=5)
    report(database, clock, operator, validation(holder(database, clock), early))

    ticket = travel.decide(database, clock)

    assert travel.verdict(database, ticket.public_id).level == "P2"


def test_one_serial_is_paid_once_by_code_and_by_list(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    code = operator.ticket_code(serial="V-1")
    with database.transaction() as session:
        admit(session, [ClaimRequest("alice", "key-00001", code)], now=clock.now())

    again = report(database, clock, operator, validation(holder(database, clock), clock.now()))

    assert again == [(Outcome.KNOWN, "")]


def test_a_list_sent_again_changes_nothing_and_a_dry_run_stores_nothing(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    word = holder(database, clock)
    rows = [validation(word, clock.now()), validation(word, clock.now())]

    def stored() -> int:
        with database.reading() as session:
            return len(session.exec(select(Claim)).all())

    once = [Outcome.TAKEN, Outcome.KNOWN]
    dry = report(database, clock, operator, *rows, is_dry_run=True)
    assert ([outcome for outcome, _ in dry], stored()) == (once, 0)
    assert [outcome for outcome, _ in report(database, clock, operator, *rows)] == once
    assert report(database, clock, operator, *rows) == [(Outcome.KNOWN, "")] * 2
    assert stored() == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"serial": "TWO WORDS"}, "serial is not"),
        ({"serial": "A" * 17}, "serial is not"),
        ({"mode": "car"}, "mode is none of"),
        ({"distance_m": 0}, "distance_m is not"),
        ({"distance_m": 150_001}, "distance_m is not"),
        ({"minutes": (-20, -60)}, "started_at is after"),
        ({"minutes": (0, 6)}, "in the future"),
        ({"minutes": (-48 * 60 - 30, -48 * 60 - 1)}, "48 hours ago"),
    ],
)
def test_an_impossible_line_is_named_and_the_others_go_on(
    database: Database,
    clock: FrozenClock,
    operator: Terminal,
    changes: dict[str, object],
    problem: str,
) -> None:
    word = holder(database, clock)
    facts = dict(changes)
    if minutes := facts.pop("minutes", None):
        start, end = (clock.now() + timedelta(minutes=m) for m in minutes)  # type: ignore[attr-defined]  # a pair
        facts |= {"started_at": start, "ended_at": end}
    good = validation(word, clock.now(), serial="V-2")

    first, second = report(database, clock, operator, validation(word, clock.now(), **facts), good)

    assert first[0] == Outcome.REFUSED
    assert problem in first[1]
    assert second == (Outcome.TAKEN, "")


def test_a_word_that_nobody_gave_names_nobody(
    database: Database, clock: FrozenClock, operator: Terminal
) -> None:
    word = holder(database, clock)
    with database.transaction() as session:
        trips.unlink(session, "alice")

    (line,) = report(database, clock, operator, validation(word, clock.now()))

    assert line[0] == Outcome.HOLDER_UNKNOWN


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_csv_is_read_row_by_row(clock: FrozenClock, separator: str) -> None:
    head = "holder,serial,mode,distance_m,started_at,ended_at,note"
    rows = (
        "W,V-1,bus,1200,2026-06-15T09:00:00+02:00,2026-06-15T09:20:00+02:00,",
        "W,V-2,bus,far,2026-06-15T09:00:00+02:00,2026-06-15T09:20:00+02:00,",
        "W,V-3,bus,1200,2026-06-15T09:00:00,2026-06-15T09:20:00+02:00,",
        "W,V-4,bus,1200,yesterday,2026-06-15T09:20:00+02:00,",
        "W",
    )
    text = "\ufeff" + "\r\n".join((head, *rows)).replace(",", separator)

    good, *bad = validation_files.read_csv(text.encode())

    assert isinstance(good, Validation)
    assert (good.serial, good.distance_m) == ("V-1", 1_200)
    assert bad == [
        "distance_m is no whole number",
        "started_at has no time zone",
        "started_at is no ISO 8601 time",
        "distance_m is no whole number",
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"serial,mode\n", b"\xff\xfe", b"x" * 2_000_001],
    ids=["empty", "columns", "utf16", "large"],
)
def test_a_csv_that_cannot_be_read_says_why(content: bytes) -> None:
    with pytest.raises(ValidationFileError):
        validation_files.read_csv(content)


def test_a_timetable_is_put_in_use_once_and_replaced_by_name(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    feed = timetables.read(GTFS, name="sample", now=clock.now())
    assert (feed.stops > 5, feed.routes > 3, feed.time_zone) == (True, True, "America/Los_Angeles")

    for is_new in (True, False):
        with database.transaction() as session:
            again = timetables.read(GTFS, name="sample", now=clock.now())
            assert timetables.put_in_use(session, again) is is_new
    with database.reading() as session:
        assert len(queries.feeds_in_use(session)) == 1
        assert len(timetables.Timetables().matchers(session)) == 1

    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK")
    with pytest.raises(FeedInvalidError):
        timetables.read(broken, name="sample", now=clock.now())
