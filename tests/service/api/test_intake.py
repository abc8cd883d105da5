"""The hot path: group commit, one winner per code, one bad request harms nobody."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from backend.actions.errors import (
    CodeAlreadyUsedError,
    IdempotencyKeyReusedError,
    SerialAlreadyUsedError,
)
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.api import intake as intake_module
from backend.api.intake import Intake
from backend.db.engine import Database
from backend.devices.errors import CodeForgedError, CodeMalformedError
from backend.devices.rules import DeviceKind
from backend.kernel.errors import EcoError, UnavailableError
from backend.workflows import admit_claims
from backend.workflows.admit_claims import Answer, ClaimRequest
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock


@pytest.fixture
def kiosk(database: Database, clock: FrozenClock) -> Terminal:
    """A kiosk in a database that takes claims."""
    builders.make_incarnation(database, clock)
    return builders.make_kiosk(database, clock)


def _submit_all(
    database: Database, clock: FrozenClock, requests: Sequence[ClaimRequest], *, intakes: int = 1
) -> list[Answer | BaseException]:
    """Submit at once, spread over the intakes of several web processes."""

    async def main() -> list[Answer | BaseException]:
        running = [Intake(database, clock) for _ in range(intakes)]
        for one in running:
            one.start()
        answers = await asyncio.gather(
            *(running[n % intakes].submit(request) for n, request in enumerate(requests)),
            return_exceptions=True,
        )
        for one in running:
            await one.stop()
        return list(answers)

    return asyncio.run(main())


def _stored(database: Database) -> Sequence[Claim]:
    with database.reading() as session:
        return session.exec(select(Claim)).all()


def _requests(code: str, count: int) -> list[ClaimRequest]:
    return [ClaimRequest(f"account-{n}", f"key-{n:05}", code) for n in range(count)]


@pytest.mark.parametrize("intakes", [1, 4])
def test_a_code_shown_to_twenty_phones_at_once_is_taken_once(
    database: Database, clock: FrozenClock, kiosk: Terminal, intakes: int
) -> None:
    requests = _requests(kiosk.slot_code(), 20)

    answers = _submit_all(database, clock, requests, intakes=intakes)

    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert sum(isinstance(answer, CodeAlreadyUsedError) for answer in answers) == 19
    states = [claim.state for claim in _stored(database)]
    assert states.count(ClaimState.PENDING) == 1
    assert states.count(ClaimState.REFUSED) == 19


def test_one_object_shown_by_twenty_machines_at_once_pays_once(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    machines = [builders.make_bin(database, clock) for _ in range(4)]
    requests = [
        ClaimRequest(f"account-{n}", f"key-{n:05}", machines[n % 4].item_code("CUP-1"))
        for n in range(20)
    ]

    answers = _submit_all(database, clock, requests, intakes=4)

    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert sum(isinstance(answer, SerialAlreadyUsedError) for answer in answers) == 19


def test_an_agents_deposit_sent_twenty_times_at_once_is_one_claim(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    station = builders.make_station(database, clock)
    counter = builders.make_terminal(database, clock, DeviceKind.COUNTER, station=station)
    alice = builders.make_citizen(database, clock)
    code = counter.attended_code(builders.make_card(database, clock, alice.id)[1])
    requests = [ClaimRequest(None, f"key-{n:05}", code) for n in range(20)]

    answers = _submit_all(database, clock, requests, intakes=4)

    assert {answer.id for answer in answers if isinstance(answer, Claim)} == {1}
    assert len(_stored(database)) == 1


def test_a_retry_gets_the_claim_that_stands(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    request = ClaimRequest("alice", "key-alice", kiosk.slot_code())

    answers = _submit_all(database, clock, [request] * 10, intakes=2)

    assert len({claim.public_id for claim in answers if isinstance(claim, Claim)}) == 1
    assert len(_stored(database)) == 1


def test_one_person_who_scans_twice_gets_the_same_claim(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    code = kiosk.slot_code()

    first, second = _submit_all(
        database,
        clock,
        [ClaimRequest("alice", "key-one-1", code), ClaimRequest("alice", "key-two-2", code)],
    )

    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    assert first.public_id == second.public_id


def test_somebody_else_gets_a_stored_refusal_and_the_same_one_again(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    code = kiosk.slot_code()
    _submit_all(database, clock, [ClaimRequest("alice", "key-alice", code)])

    bob = ClaimRequest("bob", "key-of-bob", code)
    answers = [_submit_all(database, clock, [bob])[0] for _ in range(2)]

    refused = [claim for claim in _stored(database) if claim.account_id == "bob"]
    assert [claim.refusal_code for claim in refused] == ["code_already_used"]
    told = [a.facts["claim_id"] for a in answers if isinstance(a, CodeAlreadyUsedError)]
    assert told == [refused[0].public_id] * 2


def test_a_key_with_another_body_is_refused_and_stores_nothing(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    first = ClaimRequest("alice", "key-alice", kiosk.slot_code())
    second = ClaimRequest("alice", "key-alice", kiosk.slot_code(seq=1))

    answers = _submit_all(database, clock, [first, second])

    assert isinstance(answers[1], IdempotencyKeyReusedError)
    assert len(_stored(database)) == 1


def test_unreadable_and_forged_codes_store_nothing_and_spoil_nothing(
    database: Database, clock: FrozenClock, kiosk: Terminal
) -> None:
    forger = Terminal(kiosk.number, kiosk.kind, clock)
    requests = [
        ClaimRequest("alice", "key-good1", kiosk.slot_code()),
        ClaimRequest("bob", "key-mallory", forger.slot_code(seq=1)),
        ClaimRequest("bob", "key-nonsense", "HELLO WORLD"),
        ClaimRequest("carol", "key-good2", kiosk.slot_code(seq=2)),
    ]

    answers = _submit_all(database, clock, requests)

    assert isinstance(answers[1], CodeForgedError)
    assert isinstance(answers[2], CodeMalformedError)
    assert sorted(claim.account_id for claim in _stored(database)) == ["alice", "carol"]


def test_a_request_that_breaks_its_group_fails_alone(
    database: Database, clock: FrozenClock, kiosk: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit = admit_claims.admit

    def brittle_admit(session: Any, requests: Sequence[ClaimRequest], **more: Any) -> list[Answer]:
        answers = admit(session, requests, **more)
        if any(request.account_id == "poison" for request in requests):
            raise LookupError("a bug that one request brings out")
        return answers

    monkeypatch.setattr(intake_module, "admit", brittle_admit)
    requests = [
        ClaimRequest("poison" if seq == 3 else f"good-{seq}", "key-12345", kiosk.slot_code(seq=seq))
        for seq in range(6)
    ]

    answers = _submit_all(database, clock, requests)

    assert [type(answer) for answer in answers].count(Claim) == 5
    assert isinstance(answers[3], UnavailableError)
    assert len(_stored(database)) == 5


def test_nothing_is_acknowledged_while_the_database_is_away(
    database: Database, clock: FrozenClock, kiosk: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("BEGIN", {}, ConnectionError("server closed the connection"))

    requests = _requests(kiosk.slot_code(), 3)
    with monkeypatch.context() as patch:
        patch.setattr(database, "transaction", away)
        answers = _submit_all(database, clock, requests)

    assert all(isinstance(answer, UnavailableError) for answer in answers)
    assert _stored(database) == []


def test_a_full_queue_says_so_at_once(
    database: Database, clock: FrozenClock, kiosk: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "MAX_WAITING", 2)

    answers = _submit_all(database, clock, _requests(kiosk.slot_code(), 5))

    assert sum(isinstance(a, EcoError) and a.code == "intake_unavailable" for a in answers) == 3


def test_no_claim_is_taken_before_the_chain_gave_an_incarnation(
    database: Database, clock: FrozenClock
) -> None:
    kiosk = builders.make_kiosk(database, clock)

    answers = _submit_all(database, clock, _requests(kiosk.slot_code(), 1))

    assert isinstance(answers[0], UnavailableError)
    assert _stored(database) == []


class _DeadlockError(Exception):
    """What the driver of PostgreSQL raises."""

    sqlstate = "40P01"


def test_a_group_that_stood_in_anothers_way_is_stored_one_by_one(
    database: Database,
    clock: FrozenClock,
    kiosk: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admit = admit_claims.admit

    def stand_in_the_way(session: Any, requests: Sequence[ClaimRequest], **more: Any) -> Any:
        if len(requests) > 1:
            raise OperationalError("INSERT", {}, _DeadlockError())
        return admit(session, requests, **more)

    monkeypatch.setattr(intake_module, "admit", stand_in_the_way)
    requests = [ClaimRequest("alice", f"key-{n:05}", kiosk.slot_code(seq=n)) for n in range(4)]

    answers = _submit_all(database, clock, requests)

    assert all(isinstance(answer, Claim) for answer in answers), answers
    assert len(_stored(database)) == 4
