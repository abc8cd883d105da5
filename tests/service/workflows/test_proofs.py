"""Ways to prove a deposit besides kiosks and bins: sticker, sensor, counter, serial number."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import select

from backend.actions.errors import (
    CodeOfCardError,
    PositionNeededError,
    SerialAlreadyUsedError,
)
from backend.actions.models import Claim, Verdict
from backend.cards import service as cards
from backend.cards.errors import CardBlockedError, CardUnknownError
from backend.cards.rules import BlockReason
from backend.db.engine import Database
from backend.devices import codes, queries, witnesses
from backend.devices import service as devices
from backend.devices.errors import CodeMalformedError
from backend.devices.rules import DeviceKind, RevocationReason
from backend.devices.witnesses import MessageState
from backend.kernel.errors import EcoError
from backend.territory.geo import Position
from backend.territory.models import Station
from backend.workflows import review_claim
from backend.workflows.admit_claims import ClaimRequest, Whereabouts, admit
from backend.workflows.decide_claim import decide_next
from tests.support import builders
from tests.support.builders import REGION, Terminal
from tests.support.clock import FrozenClock

HERE = Whereabouts(Position(43_292_300, 5_570_100), 25)
"""35 m from the station of the tests."""
TOWN_HALL = Whereabouts(Position(43_296_500, 5_370_000), 25)
"""In Marseille, 16 km away."""


@pytest.fixture
def station(database: Database, clock: FrozenClock) -> Station:
    """A station in a database that takes claims under the first edition."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    return builders.make_station(database, clock, materials=("glass",), kind="street")


@pytest.fixture
def sensor(database: Database, clock: FrozenClock, station: Station) -> Terminal:
    """The lid sensor of that station."""
    return builders.make_terminal(database, clock, DeviceKind.SENSOR, station=station)


@pytest.fixture
def counter(database: Database, clock: FrozenClock, station: Station) -> Terminal:
    """The agent's post of that station."""
    return builders.make_terminal(database, clock, DeviceKind.COUNTER, station=station)


def send(
    database: Database,
    clock: FrozenClock,
    code: str,
    *,
    who: str | None = "alice",
    where: Whereabouts | None = None,
    key: str = "key-00001",
) -> Claim | EcoError:
    with database.transaction() as session:
        [answer] = admit(session, [ClaimRequest(who, key, code, where)], now=clock.now())
    return answer


def feel(database: Database, clock: FrozenClock, token: str) -> MessageState:
    unverified = codes.read(token)
    with database.transaction() as session:
        device = queries.need(session, unverified.device)
        content = queries.verified(unverified, device)
        assert isinstance(content, codes.SensorCode)
        return witnesses.keep_message(session, content, device, now=clock.now())


def judge(database: Database, clock: FrozenClock) -> list[Verdict]:
    while True:
        with database.transaction() as session:
            if decide_next(session, region=REGION, now=clock.now()) is None:
                break
    with database.reading() as session:
        return list(session.exec(select(Verdict).order_by(Verdict.claim_id)).all())  # type: ignore[arg-type]  # a column


def reasons(verdict: Verdict) -> Sequence[str]:
    return [reason["code"] for reason in verdict.reasons]


# --- sticker ------------------------------------------------------------------------------------


def test_a_sticker_scanned_on_the_spot_is_located(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    _, code = builders.make_sticker(database, clock, station)

    claim = send(database, clock, code, where=HERE)

    assert isinstance(claim, Claim)
    [verdict] = judge(database, clock)
    assert (verdict.level, reasons(verdict)[0]) == ("P1", "sticker_located")
    assert verdict.act["material"] == "glass"
    # The distance is kept, the place of the phone is not.
    assert set(claim.evidence["facts"]) == {"away_m", "accuracy_m"}


def test_a_sticker_scanned_far_away_is_refused_with_the_distance(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    _, code = builders.make_sticker(database, clock, station)

    send(database, clock, code, where=TOWN_HALL)

    [verdict] = judge(database, clock)
    assert (verdict.state, reasons(verdict)) == ("refused", ["sticker_too_far"])
    assert 16_000 < verdict.reasons[0]["facts"]["distance_m"] < 16_500


def test_an_appeal_won_against_a_phones_position_pays(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    _, code = builders.make_sticker(database, clock, station)
    claim = send(database, clock, code, where=TOWN_HALL)
    assert isinstance(claim, Claim)
    judge(database, clock)

    with database.transaction() as session:
        review_claim.appeal(
            session, claim.public_id, account_id="alice", statement="I was.", now=clock.now()
        )
        review_claim.decide_case(
            session,
            claim.public_id,
            is_accepted=True,
            reviewer_id="rosa",
            reason_code="plausible",
            now=clock.now(),
        )

    [verdict] = judge(database, clock)
    assert (verdict.state, verdict.level) == ("accepted", "P1")
    assert reasons(verdict) == ["sticker_vouched"]


def test_a_try_from_home_does_not_cost_the_visit(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    _, code = builders.make_sticker(database, clock, station)
    send(database, clock, code, where=TOWN_HALL, key="key-from-home")

    there = send(database, clock, code, where=HERE, key="key-there")

    assert isinstance(there, Claim)
    assert [v.state for v in judge(database, clock)] != ["refused", "refused"]


def test_a_sticker_counts_once_a_person_and_day(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    _, code = builders.make_sticker(database, clock, station)
    first = send(database, clock, code, where=HERE, key="key-morning")
    clock.advance(seconds=4 * 3600)
    again = send(database, clock, code, where=HERE, key="key-evening")
    neighbour = send(database, clock, code, where=HERE, who="bob")
    clock.advance(seconds=24 * 3600)
    tomorrow = send(database, clock, code, where=HERE, key="key-tomorrow")

    assert isinstance(first, Claim)
    assert isinstance(again, Claim)
    assert again.id == first.id
    assert isinstance(neighbour, Claim)
    assert isinstance(tomorrow, Claim)
    assert len({first.id, neighbour.id, tomorrow.id}) == 3


def test_a_sticker_needs_a_position(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    _, code = builders.make_sticker(database, clock, station)

    assert isinstance(send(database, clock, code), PositionNeededError)


def test_a_vague_position_is_no_excuse(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    _, code = builders.make_sticker(database, clock, station)

    send(database, clock, code, where=Whereabouts(TOWN_HALL.position, 20_000))

    assert reasons(judge(database, clock)[0]) == ["sticker_too_far"]


def test_a_sticker_that_was_withdrawn_is_a_stored_refusal(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    number, code = builders.make_sticker(database, clock, station)
    with database.transaction() as session:
        devices.revoke(session, number, reason=RevocationReason.COMPROMISED, now=clock.now())

    answer = send(database, clock, code, where=HERE)

    assert isinstance(answer, EcoError)
    assert answer.code == "device_revoked"


# --- sensor ---------------------------------------------------------------------------------------


def test_a_sensor_that_felt_the_deposit_makes_it_attested(
    database: Database, clock: FrozenClock, station: Station, sensor: Terminal
) -> None:
    _, code = builders.make_sticker(database, clock, station)
    feel(database, clock, sensor.sensor_message())
    clock.advance(seconds=40)
    send(database, clock, code, where=HERE)
    clock.advance(seconds=31)

    [verdict] = judge(database, clock)

    assert (verdict.level, reasons(verdict)[:2]) == ("P2", ["sensor_felt", "sticker_located"])
    assert verdict.reasons[0]["facts"] == {"event": "lid", "value": 1, "seconds": 40}


def test_the_verdict_waits_for_a_message_on_its_way(
    database: Database, clock: FrozenClock, station: Station, sensor: Terminal
) -> None:
    _, code = builders.make_sticker(database, clock, station)
    send(database, clock, code, where=HERE)
    assert judge(database, clock) == []
    clock.advance(seconds=12)
    feel(database, clock, sensor.sensor_message(event="weight", value=820))
    clock.advance(seconds=20)

    [verdict] = judge(database, clock)

    assert (verdict.level, verdict.act["mass_g"]) == ("P2", 820)


def test_without_a_message_the_scan_stays_located(
    database: Database, clock: FrozenClock, station: Station, sensor: Terminal
) -> None:
    _, code = builders.make_sticker(database, clock, station)
    feel(database, clock, sensor.sensor_message())
    clock.advance(seconds=121)
    send(database, clock, code, where=HERE)
    clock.advance(seconds=60)

    assert judge(database, clock)[0].level == "P1"


def test_one_message_corroborates_one_of_twenty_scans(
    database: Database, clock: FrozenClock, station: Station, sensor: Terminal
) -> None:
    _, code = builders.make_sticker(database, clock, station)
    feel(database, clock, sensor.sensor_message())
    with database.transaction() as session:
        admit(
            session,
            [ClaimRequest(f"phone-{n}", f"key-{n:05}", code, HERE) for n in range(20)],
            now=clock.now(),
        )
    clock.advance(seconds=31)

    levels = [verdict.level for verdict in judge(database, clock)]

    assert (levels.count("P2"), levels.count("P1")) == (1, 19)


def test_a_scan_from_far_away_does_not_take_the_message(
    database: Database, clock: FrozenClock, station: Station, sensor: Terminal
) -> None:
    _, code = builders.make_sticker(database, clock, station)
    feel(database, clock, sensor.sensor_message())
    send(database, clock, code, who="thief", where=TOWN_HALL)
    send(database, clock, code, where=HERE)
    clock.advance(seconds=31)

    assert [verdict.level for verdict in judge(database, clock)] == ["P0", "P2"]


def test_a_message_is_kept_once_and_in_the_order_of_its_counter(
    database: Database, clock: FrozenClock, sensor: Terminal
) -> None:
    first = sensor.sensor_message()
    states = [feel(database, clock, first), feel(database, clock, first)]
    clock.advance(seconds=600)
    states.append(feel(database, clock, sensor.sensor_message()))
    states.append(feel(database, clock, sensor.sensor_message(counter=1)))
    states.append(feel(database, clock, sensor.sensor_message(counter=90_000)))
    late = sensor.sensor_message(issued_at=clock.now() - timedelta(hours=25))
    states.append(feel(database, clock, late))

    assert [state.value for state in states] == [
        "stored",
        "repeated",
        "stored",
        "counter_regression",
        "counter_out_of_range",
        "late",
    ]


def test_a_message_is_no_code_of_a_citizen(
    database: Database, clock: FrozenClock, sensor: Terminal
) -> None:
    assert isinstance(send(database, clock, sensor.sensor_message()), CodeMalformedError)


# --- counter ------------------------------------------------------------------------------------


def test_a_deposit_at_the_counter_is_the_card_holders(
    database: Database, clock: FrozenClock, counter: Terminal
) -> None:
    alice = builders.make_citizen(database, clock)
    _, secret = builders.make_card(database, clock, alice.id)

    claim = send(database, clock, counter.attended_code(secret, count=3), who=None)

    assert isinstance(claim, Claim)
    assert claim.account_id == alice.id
    [verdict] = judge(database, clock)
    assert (verdict.level, reasons(verdict)) == ("P2", ["agent_attested"])
    assert (verdict.act["count"], verdict.act["mass_g"]) == (3, 1200)


def test_the_counter_may_send_the_same_deposit_twice(
    database: Database, clock: FrozenClock, counter: Terminal
) -> None:
    alice = builders.make_citizen(database, clock)
    _, secret = builders.make_card(database, clock, alice.id)
    code = counter.attended_code(secret)

    first, second = (send(database, clock, code, who=None) for _ in range(2))

    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    assert first.id == second.id


def test_nobody_else_claims_with_the_counters_code(
    database: Database, clock: FrozenClock, counter: Terminal
) -> None:
    alice = builders.make_citizen(database, clock)
    _, secret = builders.make_card(database, clock, alice.id)

    answer = send(database, clock, counter.attended_code(secret), who="mallory")

    assert isinstance(answer, CodeOfCardError)


def test_a_card_counts_until_it_is_blocked_even_for_late_uploads(
    database: Database, clock: FrozenClock, counter: Terminal
) -> None:
    alice = builders.make_citizen(database, clock)
    card, secret = builders.make_card(database, clock, alice.id)
    clock.advance(seconds=60)
    before = counter.attended_code(secret)
    clock.advance(seconds=60)
    with database.transaction() as session:
        cards.block(session, card.id, reason=BlockReason.LOST, at=clock.now())
    clock.advance(seconds=60)
    after = counter.attended_code(secret)
    clock.advance(seconds=24 * 3600)

    assert isinstance(send(database, clock, before, who=None), Claim)
    assert isinstance(send(database, clock, after, who=None, key="k-after-1"), CardBlockedError)
    unknown = counter.attended_code("2" * 16)
    assert isinstance(send(database, clock, unknown, who=None, key="k-other-1"), CardUnknownError)


def test_a_counter_that_was_offline_for_three_days_is_too_late_after_that(
    database: Database, clock: FrozenClock, counter: Terminal
) -> None:
    alice = builders.make_citizen(database, clock)
    _, secret = builders.make_card(database, clock, alice.id)
    code = counter.attended_code(secret)
    clock.advance(seconds=72 * 3600 + 1)

    answer = send(database, clock, code, who=None)

    assert isinstance(answer, EcoError)
    assert answer.code == "code_expired"


# --- serial number --------------------------------------------------------------------------------


def test_an_object_pays_once_ever_at_whatever_machine(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    one = builders.make_terminal(database, clock, DeviceKind.BIN, station=station)
    other = builders.make_terminal(database, clock, DeviceKind.BIN, station=station)
    first = send(database, clock, one.item_code("CUP-00042"))
    clock.advance(seconds=90 * 24 * 3600)

    again = send(database, clock, other.item_code("cup-00042"), who="bob")

    assert isinstance(first, Claim)
    assert isinstance(again, SerialAlreadyUsedError)
    with database.reading() as session:
        stored = session.exec(select(Claim).where(Claim.account_id == "bob")).one()
    assert (stored.state, stored.refusal_code) == ("refused", "serial_already_used")


def test_an_object_taken_back_is_attested(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    machine = builders.make_terminal(database, clock, DeviceKind.BIN, station=station)
    send(database, clock, machine.item_code("CUP-7"))

    [verdict] = judge(database, clock)

    assert (verdict.level, reasons(verdict)) == ("P2", ["item_taken_back"])
    assert verdict.act["count"] == 1


def test_a_material_that_the_station_does_not_take_is_refused(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    machine = builders.make_terminal(database, clock, DeviceKind.BIN, station=station)
    send(database, clock, machine.item_code("CUP-8", material="textile"))

    assert reasons(judge(database, clock)[0]) == ["material_not_taken_here"]


@pytest.mark.parametrize("kind", [DeviceKind.KIOSK, DeviceKind.BIN, DeviceKind.COUNTER])
def test_a_device_of_another_kind_cannot_vouch_as_a_sticker(
    database: Database, clock: FrozenClock, station: Station, kind: DeviceKind
) -> None:
    terminal = builders.make_terminal(database, clock, kind, station=station)
    code = codes.encode_sticker(terminal.key, device=terminal.number, issued_at=clock.now())
    send(database, clock, code, where=HERE)

    assert reasons(judge(database, clock)[0]) == ["witness_not_a_sticker"]


def test_a_bin_cannot_vouch_as_a_counter(
    database: Database, clock: FrozenClock, station: Station
) -> None:
    alice = builders.make_citizen(database, clock)
    _, secret = builders.make_card(database, clock, alice.id)
    machine = builders.make_terminal(database, clock, DeviceKind.BIN, station=station)
    send(database, clock, machine.attended_code(secret), who=None)

    assert reasons(judge(database, clock)[0]) == ["witness_not_a_counter"]
