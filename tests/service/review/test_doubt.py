"""Histories of doubt on real rows: each signal seen online, and waiting acts looked at again."""

import itertools
from datetime import timedelta

import pytest

from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.db.engine import Database
from backend.devices import codes
from backend.devices.rules import DeviceKind
from backend.kernel.errors import EcoError
from backend.review import queries, rules
from backend.review import service as review
from backend.territory.geo import Position
from backend.workflows import surroundings
from backend.workflows.admit_claims import ClaimRequest, Whereabouts, admit
from backend.workflows.decide_claim import decide_next
from tests.support import builders
from tests.support.builders import REGION, Terminal
from tests.support.clock import FrozenClock

ALICE = "alice"
_keys = itertools.count()


class Quarter:
    """A place with a kiosk, and people who claim there."""

    def __init__(self, database: Database, clock: FrozenClock) -> None:
        self.database, self.clock = database, clock
        builders.make_incarnation(database, clock)
        builders.make_edition(database, clock)
        self.station = builders.make_station(database, clock)

    def terminal(self, kind: DeviceKind, capacity: int = 6) -> Terminal:
        return builders.make_terminal(
            self.database, self.clock, kind, station=self.station, capacity=capacity
        )

    def claim(self, who: str, code: str) -> Claim | EcoError:
        position = Position(self.station.latitude_e6, self.station.longitude_e6)
        request = ClaimRequest(
            who, f"key-{next(_keys):06}", code, whereabouts=Whereabouts(position, 10)
        )
        with self.database.transaction() as session:
            (answer,) = admit(session, [request], now=self.clock.now())
        self.decide()
        return answer

    def decide(self) -> None:
        while True:
            with self.database.transaction() as session:
                if decide_next(session, region=REGION, now=self.clock.now()) is None:
                    return

    def stored(self, claim: Claim | EcoError) -> Claim:
        assert isinstance(claim, Claim), claim
        with self.database.reading() as session:
            return session.get_one(Claim, claim.id)

    def signals(self, claim: Claim | EcoError) -> list[str]:
        """Return the signals of the open case about a claim."""
        stored = self.stored(claim)
        with self.database.reading() as session:
            cases = queries.cases_of(session, stored.id or 0)
            return [
                reason["code"]
                for case in cases
                for reason in case.reasons
                if reason["code"] in rules.SIGNALS
            ]


@pytest.fixture
def quarter(database: Database, clock: FrozenClock) -> Quarter:
    return Quarter(database, clock)


def test_a_kiosk_cannot_show_more_codes_than_a_slot_holds(quarter: Quarter) -> None:
    kiosk = quarter.terminal(DeviceKind.KIOSK, capacity=6)

    inside = quarter.claim(ALICE, kiosk.slot_code(seq=5))
    beyond = quarter.claim(ALICE, kiosk.slot_code(seq=6))

    assert quarter.stored(inside).state == ClaimState.ACCEPTED
    assert quarter.signals(beyond) == ["slot_overfull"]


def test_more_than_a_container_usually_holds_is_held(quarter: Quarter) -> None:
    scale = quarter.terminal(DeviceKind.BIN)
    # 3,000 l of glass weigh about a ton: without any weighing that is the bound.
    loads = [quarter.claim(f"p{n}", scale.deposit_code(mass_g=150_000)) for n in range(7)]

    assert [quarter.stored(load).state for load in loads[:6]] == [ClaimState.ACCEPTED] * 6
    assert "station_overfull" in [
        *quarter.signals(loads[6]),
        *quarter.signals(quarter.claim("p9", scale.deposit_code(mass_g=150_000))),
    ]


def test_company_is_counted_after_three_days_together(quarter: Quarter) -> None:
    kiosk = quarter.terminal(DeviceKind.KIOSK, capacity=100)
    for day in range(3):
        for number in range(5):
            quarter.claim(f"p{number}", kiosk.slot_code(seq=10 * day + number))
        quarter.clock.advance(days=1)
    last = quarter.stored(quarter.claim("p0", kiosk.slot_code(seq=50)))

    with quarter.database.reading() as session:
        assert surroundings.companions(session, last) == 4


def test_codes_of_others_are_counted(quarter: Quarter) -> None:
    kiosk = quarter.terminal(DeviceKind.KIOSK)
    code = kiosk.slot_code()
    quarter.claim("bob", code)
    quarter.claim(ALICE, code)

    own = quarter.stored(quarter.claim(ALICE, kiosk.slot_code(seq=1)))

    with quarter.database.reading() as session:
        assert surroundings.used_codes(session, own) == 1


def test_accounts_of_one_browser_are_counted_and_forgotten(quarter: Quarter) -> None:
    now = quarter.clock.now()
    with quarter.database.transaction() as session:
        for number in range(3):
            review.note_phone(session, "phone-a", f"p{number}", at=now)
        review.note_phone(session, "phone-b", "p0", at=now)
    with quarter.database.reading() as session:
        since = now - timedelta(days=30)
        assert queries.accounts_on_phones_of(session, "p0", since=since) == 3
        assert queries.accounts_on_phones_of(session, "stranger", since=since) == 1

    with quarter.database.transaction() as session:
        assert review.forget_phones(session, before=now + timedelta(seconds=1)) == 4


def test_located_acts_wait_for_attested_ones_and_are_paid_then(
    quarter: Quarter, database: Database
) -> None:
    sticker = quarter.terminal(DeviceKind.STICKER)
    code = codes.encode_sticker(
        sticker.key, device=sticker.number, issued_at=quarter.clock.now().replace(microsecond=0)
    )
    waiting = []
    for _ in range(2):
        waiting.append(quarter.claim(ALICE, code))
        quarter.clock.advance(days=1)
    states = [quarter.stored(claim).state for claim in waiting]
    assert states == [ClaimState.REVIEW, ClaimState.REVIEW]
    assert quarter.signals(waiting[0]) == ["attested_acts_few"]
    with database.reading() as session:
        soon = quarter.clock.now() + review.DECIDED_WITHIN
        assert queries.open_cases(session, due_before=soon) == []

    scale = quarter.terminal(DeviceKind.BIN)
    quarter.claim(ALICE, scale.deposit_code(count=5))

    states = [quarter.stored(claim).state for claim in waiting]
    assert states == [ClaimState.ACCEPTED, ClaimState.ACCEPTED]
