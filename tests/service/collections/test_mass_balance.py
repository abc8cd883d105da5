"""Mass balance on real tables: splits, rounds, trims, what the books and citizens see."""

import itertools
import random
from collections.abc import Sequence

import pytest
from sqlmodel import col, select

from backend.actions.models import Claim
from backend.collections import queries
from backend.collections.errors import BalanceNotFoundError, RoundClosedError, RoundNotFoundError
from backend.collections.models import StationBalance, Weighing
from backend.collections.schemas import WeighingLine, read_csv
from backend.db.engine import Database
from backend.devices.rules import DeviceKind
from backend.ledger import names
from backend.ledger import queries as ledger
from backend.rewards import queries as reward_queries
from backend.rewards import service as rewards
from backend.rewards.models import Counter, Reward
from backend.rewards.rules import RewardState
from backend.territory.models import Station
from backend.workflows import notices, weigh
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.decide_claim import decide_next
from tests.support import builders
from tests.support.builders import GLASS_UNITS, REGION, Terminal
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance

BOTTLE_G = 400
_keys = itertools.count()


class Yard:
    """A new station with one bin for glass, people, and a lorry."""

    def __init__(self, database: Database, clock: FrozenClock, *, reliability_bps: int = 0) -> None:
        self.database, self.clock = database, clock
        builders.make_incarnation(database, clock)
        builders.make_edition(database, clock)
        self.station = builders.make_station(
            database, clock, materials=("glass",), kind="bin", reliability_bps=reliability_bps
        )
        self.bin = self.add_bin()

    def add_bin(self) -> Terminal:
        return builders.make_terminal(
            self.database, self.clock, DeviceKind.BIN, station=self.station
        )

    def deposit(self, account_id: str, bottles: int, *, code: str | None = None) -> int:
        """Claim bottles and decide; return the claim."""
        request = ClaimRequest(
            account_id,
            f"key-{next(_keys):06}",
            code or self.bin.deposit_code(count=bottles),
        )
        with self.database.transaction() as session:
            (answer,) = admit(session, [request], now=self.clock.now())
            assert isinstance(answer, Claim), answer
        with self.database.transaction() as session:
            assert decide_next(session, region=REGION, now=self.clock.now()) is not None
        self.clock.advance(minutes=3)
        return answer.id or 0

    def collect(self, kg: float, *, ref: str, ticket: str = "T1") -> StationBalance:
        """Let the lorry come: one round of one container, closed."""
        self.tell(f"{ref};{ticket};{self.station.id};glass;{self.now()};{kg}")
        with self.database.transaction() as session:
            (balance,) = weigh.close_round(session, ref, by="field", now=self.clock.now())
        self.clock.advance(minutes=3)
        return balance

    def tell(self, *lines: str, is_dry_run: bool = False) -> list[weigh.LineReport]:
        with self.database.transaction() as session:
            return weigh.import_weighings(
                session, table(*lines), is_dry_run=is_dry_run, now=self.clock.now()
            )

    def now(self) -> str:
        return self.clock.now().isoformat()

    def tranches(self, claim_id: int) -> list[tuple[int, int, str]]:
        with self.database.reading() as session:
            rows = reward_queries.of_claim(session, claim_id)
            return [(row.tranche, row.units, row.state) for row in rows]

    def reliability(self) -> int:
        with self.database.reading() as session:
            return session.get_one(Station, self.station.id).reliability_bps

    def pending(self, account_id: str) -> int:
        with self.database.reading() as session:
            assert_books_balance(session)
            return ledger.balance(session, names.pending(account_id))

    def budget(self) -> int:
        with self.database.reading() as session:
            statement = select(Counter.used).where(col(Counter.key).contains("|metropolis|"))
            found = session.exec(statement).all()
            if not found:
                keys = session.exec(select(Counter.key)).all()
                pytest.fail(f"no budget among {keys}")
            return sum(found)


def table(*lines: str) -> list[WeighingLine]:
    header = "round;ticket;station;material;collected_at;net_kg;container;impurity_percent"
    return read_csv("\n".join([header, *lines]), known_materials={"glass", "packaging"})


@pytest.fixture
def yard(database: Database, clock: FrozenClock) -> Yard:
    return Yard(database, clock)


def test_a_new_station_releases_nothing_before_it_is_weighed(yard: Yard) -> None:
    claim_id = yard.deposit("alice", 5)

    assert yard.tranches(claim_id) == [(1, 5 * GLASS_UNITS, RewardState.HELD)]
    yard.clock.advance(days=34, hours=23)
    with yard.database.transaction() as session:
        assert rewards.release_due(session, yard.clock.now()) == 0
    yard.clock.advance(hours=1)
    with yard.database.transaction() as session:
        assert rewards.release_due(session, yard.clock.now()) == 1


@pytest.mark.parametrize(("reliability_bps", "at_once"), [(2_500, 250), (3_333, 333)])
def test_reliability_splits_a_reward(
    database: Database, clock: FrozenClock, reliability_bps: int, at_once: int
) -> None:
    yard = Yard(database, clock, reliability_bps=reliability_bps)

    claim_id = yard.deposit("alice", 5)

    assert yard.tranches(claim_id) == [
        (0, at_once, RewardState.READY),
        (1, 1_000 - at_once, RewardState.HELD),
    ]
    with database.reading() as session:
        receipt = reward_queries.receipt_of(session, claim_id)
        assert receipt is not None
        codes = [line["code"] for line in receipt.lines]
    assert codes[-4:] == [
        "station_reliability",
        "tranche_at_once",
        "tranche_on_mass_balance_or_after_days",
        "total",
    ]


def test_mass_that_agrees_releases_and_four_good_rounds_make_a_station_trusted(
    yard: Yard,
) -> None:
    for number in range(4):
        claim_id = yard.deposit("alice", 5)
        balance = yard.collect(2.0, ref=f"R{number}", ticket=f"T{number}")
        assert (balance.state, balance.trimmed_units) == ("reconciled", 0)
        assert {state for _, _, state in yard.tranches(claim_id)} == {RewardState.READY}
        yard.clock.advance(days=7)

    assert yard.reliability() == 10_000
    claim_id = yard.deposit("alice", 5)
    assert yard.tranches(claim_id) == [(0, 1_000, RewardState.READY)]


def test_missing_mass_trims_all_alike_and_gives_budgets_back(yard: Yard) -> None:
    claims = {name: yard.deposit(name, bottles) for name, bottles in TWENTY.items()}
    before = yard.budget()

    # 100 bottles of 400 g: 40 kg are claimed; 34 kg and the scale's 1 % are there.
    balance = yard.collect(36, ref="R1")

    assert (balance.state, balance.claimed_g, balance.weighed_g) == ("trimmed", 40_000, 36_000)
    assert balance.released_units + balance.trimmed_units == 100 * GLASS_UNITS
    keep = 36_000 * 10_100 // 10_000 / 40_000
    for name, claim_id in claims.items():
        [(_, units, state)] = yard.tranches(claim_id)
        assert state == RewardState.READY
        assert units == int(TWENTY[name] * GLASS_UNITS * keep)
        assert yard.pending(name) == units
    assert before - yard.budget() in range(balance.trimmed_units - 40, balance.trimmed_units + 1)
    assert yard.reliability() == 0


TWENTY = {f"person-{number}": 5 for number in range(20)}


def test_those_touched_read_why(yard: Yard) -> None:
    citizen = builders.make_citizen(yard.database, yard.clock, language="fr")
    claim_id = yard.deposit(citizen.id, 10)
    yard.collect(3.75, ref="R1")

    with yard.database.reading() as session:
        [row] = reward_queries.adjustments_of(session, [claim_id])[claim_id]
    french, english = notices.adjustment(row, "fr"), notices.adjustment(row, "en")
    assert "La collecte R1 a pesé 3,7 kg de verre pour 4 kg déclarés" in french
    assert "Collection R1 weighed 3.7 kg of glass for 4 kg claimed" in english


def test_a_round_far_too_light_waits_for_a_person_and_then_for_the_time(yard: Yard) -> None:
    claim_id = yard.deposit("alice", 10)
    balance = yard.collect(2, ref="R1")

    assert balance.state == "waiting"
    assert [state for _, _, state in yard.tranches(claim_id)] == [RewardState.HELD]
    with yard.database.transaction() as session:
        assert weigh.settle_overdue(session, now=yard.clock.now()) == 0
    yard.clock.advance(days=14)
    with yard.database.transaction() as session:
        assert rewards.release_due(session, yard.clock.now()) == 0
        assert weigh.settle_overdue(session, now=yard.clock.now()) == 1

    [(_, units, state)] = yard.tranches(claim_id)
    assert (units, state) == (1_010, RewardState.READY)
    assert yard.pending("alice") == 1_010


def test_a_person_can_find_the_weighing_wrong(yard: Yard) -> None:
    claim_id = yard.deposit("alice", 10)
    balance = yard.collect(2, ref="R1")

    with yard.database.transaction() as session:
        weigh.decide_balance(
            session, balance.id or 0, is_released=True, by="rosa", now=yard.clock.now()
        )

    assert yard.tranches(claim_id) == [(1, 2_000, RewardState.READY)]
    with yard.database.transaction() as session, pytest.raises(BalanceNotFoundError):
        weigh.decide_balance(
            session, balance.id or 0, is_released=False, by="rosa", now=yard.clock.now()
        )


def test_the_tolerance_is_carried_and_cannot_be_taken_twice(yard: Yard) -> None:
    for number in range(20):
        yard.deposit(f"first-{number}", 5)
    first = yard.collect(39.7, ref="R1", ticket="T1")
    for number in range(20):
        yard.deposit(f"second-{number}", 5)
    second = yard.collect(39.7, ref="R2", ticket="T2")

    assert (first.state, first.carried_out_g) == ("reconciled", 300)
    assert (second.state, second.carried_in_g, second.excess_g) == ("trimmed", 300, 203)


def test_a_late_upload_uses_what_its_own_round_left_unclaimed(yard: Yard) -> None:
    late = yard.bin.deposit_code(count=10)
    yard.clock.advance(minutes=10)
    yard.deposit("alice", 5)
    yard.collect(6, ref="R1", ticket="T1")
    claim_id = yard.deposit("bob", 10, code=late)
    yard.deposit("carol", 5)

    balance = yard.collect(2, ref="R2", ticket="T2")

    assert (balance.state, balance.claimed_g) == ("reconciled", 2_000)
    assert {state for _, _, state in yard.tranches(claim_id)} == {RewardState.READY}


def test_an_import_says_what_it_would_do_and_a_second_one_changes_nothing(yard: Yard) -> None:
    good = f"R1;T1;{yard.station.id};glass;{yard.now()};12,5"
    lines = (
        good,
        f"R1;T2;nowhere;glass;{yard.now()};1",
        f"R1;T3;{yard.station.id};gold;yesterday;heavy;;120",
        f"R1;T4;{yard.station.id};glass;2999-01-01T00:00;1",
    )

    tried = yard.tell(*lines, is_dry_run=True)
    with yard.database.reading() as session:
        assert session.exec(select(Weighing)).all() == []
    done = yard.tell(*lines)
    again = yard.tell(*lines)

    assert [report.action for report in tried] == ["create", "refused", "refused", "refused"]
    assert [report.action for report in done] == ["create", "refused", "refused", "refused"]
    assert [report.action for report in again] == ["unchanged", "refused", "refused", "refused"]
    assert "station 'nowhere' is unknown" in done[1].problems[0]
    assert len(done[2].problems) == 4
    assert "future" in done[3].problems[0]
    assert [r.action for r in yard.tell(good.replace("12,5", "13"))] == ["update"]


def test_a_closed_round_cannot_be_changed_or_closed_again(yard: Yard) -> None:
    yard.collect(2, ref="R1")

    (report,) = yard.tell(f"R1;T1;{yard.station.id};glass;{yard.now()};3")
    assert report.action == "refused"
    with yard.database.transaction() as session, pytest.raises(RoundClosedError):
        weigh.close_round(session, "R1", by="x", now=yard.clock.now())
    with yard.database.transaction() as session, pytest.raises(RoundNotFoundError):
        weigh.close_round(session, "R9", by="x", now=yard.clock.now())


def test_junk_in_the_sample_lowers_what_was_weighed(yard: Yard) -> None:
    yard.deposit("alice", 10)
    yard.tell(f"R1;T1;{yard.station.id};glass;{yard.now()};4;;10")
    with yard.database.transaction() as session:
        (balance,) = weigh.close_round(session, "R1", by="x", now=yard.clock.now())

    assert balance.weighed_g == 3_600


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_no_more_is_released_than_was_granted(
    database: Database, clock: FrozenClock, seed: int
) -> None:
    draw = random.Random(seed)
    yard = Yard(database, clock, reliability_bps=draw.choice((0, 2_500, 10_000)))
    granted: dict[int, int] = {}
    for number in range(30):
        match draw.choice(("deposit", "deposit", "deposit", "weigh", "wait", "decide")):
            case "deposit":
                bottles = draw.randrange(1, 9)
                claim_id = yard.deposit(f"person-{draw.randrange(4)}", bottles)
                granted[claim_id] = sum(units for _, units, _ in yard.tranches(claim_id))
            case "weigh":
                yard.collect(draw.randrange(12), ref=f"R{number}", ticket=f"T{number}")
            case "wait":
                clock.advance(days=draw.randrange(20))
                with database.transaction() as session:
                    rewards.release_due(session, clock.now())
                    weigh.settle_overdue(session, now=clock.now())
            case "decide":
                _decide_one(yard, is_released=draw.random() < 0.5)
        _check(yard, granted)


def _decide_one(yard: Yard, *, is_released: bool) -> None:
    with yard.database.transaction() as session:
        for balance in queries.waiting(session)[:1]:
            weigh.decide_balance(
                session, balance.id or 0, is_released=is_released, by="x", now=yard.clock.now()
            )


def _check(yard: Yard, granted: dict[int, int]) -> None:
    with yard.database.reading() as session:
        rows: Sequence[Reward] = session.exec(select(Reward)).all()
        changes = reward_queries.adjustments_of(session, list(granted))
        assert_books_balance(session)
        alive = [row for row in rows if row.state != RewardState.CANCELLED]
        pending = sum(
            ledger.balance(session, names.pending(f"person-{number}")) for number in range(4)
        )
    assert pending == sum(row.units for row in alive)
    for claim_id, units in granted.items():
        kept = sum(row.units for row in alive if row.claim_id == claim_id)
        trimmed = sum(row.units for row in changes.get(claim_id, []))
        assert kept + trimmed == units, claim_id
