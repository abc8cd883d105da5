"""The client of the carpool register against a double of its API on this machine."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from backend.carpool.rules import RegisterStatus
from backend.jobs.carpool_register import (
    CarpoolRegister,
    JourneyStatus,
    RegisterClient,
    RegisterKeyRefusedError,
    RegisterUnavailableError,
)
from tests.support.clock import FrozenClock
from tests.support.register import KEYS, FakeRegister, served

OPERATOR = 7


@pytest.fixture
def register(clock: FrozenClock) -> FakeRegister:
    return FakeRegister(clock)


@pytest.fixture
def url(register: FakeRegister) -> Iterator[str]:
    with served(register) as address:
        yield address


@pytest.fixture
def client(url: str, clock: FrozenClock) -> Iterator[RegisterClient]:
    client = RegisterClient(url, {OPERATOR: KEYS}, clock)
    yield client
    client.close()


@pytest.fixture(params=["client", "double"])
def either(request: pytest.FixtureRequest) -> CarpoolRegister:
    """The client, and the double that other tests use in its place."""
    name = "client" if request.param == "client" else "register"
    found: CarpoolRegister = request.getfixturevalue(name)
    return found


@pytest.mark.parametrize("status", list(RegisterStatus))
def test_tells_each_status(
    either: CarpoolRegister, register: FakeRegister, status: RegisterStatus
) -> None:
    register.put("J-1", status)

    assert either.status(OPERATOR, "J-1") == JourneyStatus(status)


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (RegisterStatus.FRAUD_ERROR, "interoperator_overlap"),
        (RegisterStatus.ANOMALY_ERROR, "temporal_overlap_anomaly"),
        (RegisterStatus.TERMS_VIOLATION_ERROR, "too_close_trips"),
    ],
)
def test_tells_why_a_journey_is_refused(
    either: CarpoolRegister, register: FakeRegister, status: RegisterStatus, label: str
) -> None:
    register.put("J-1", status, label)

    assert either.status(OPERATOR, "J-1") == JourneyStatus(status, (label,))


def test_a_journey_that_it_does_not_know_is_unknown(either: CarpoolRegister) -> None:
    assert either.status(OPERATOR, "J-9") == JourneyStatus(RegisterStatus.UNKNOWN)


def test_waits_while_the_register_is_down(either: CarpoolRegister, register: FakeRegister) -> None:
    register.is_down = True

    with pytest.raises(RegisterUnavailableError):
        either.status(OPERATOR, "J-1")


def test_renews_its_token_before_it_ends(
    client: RegisterClient, register: FakeRegister, clock: FrozenClock
) -> None:
    register.put("J-1", RegisterStatus.OK)
    client.status(OPERATOR, "J-1")
    clock.advance(minutes=3)
    client.status(OPERATOR, "J-1")
    assert len(register.tokens) == 1

    clock.advance(minutes=2)
    client.status(OPERATOR, "J-1")

    assert len(register.tokens) == 2


def test_asks_again_with_a_new_token_when_the_register_forgot_it(
    client: RegisterClient, register: FakeRegister
) -> None:
    register.put("J-1", RegisterStatus.OK)
    client.status(OPERATOR, "J-1")
    register.tokens.clear()

    assert client.status(OPERATOR, "J-1").status == RegisterStatus.OK


@pytest.mark.parametrize("keys", [{}, {OPERATOR: ("access-1", "wrong")}])
def test_says_when_the_key_pair_of_an_operator_is_no_good(
    url: str, clock: FrozenClock, keys: dict[int, tuple[str, str]]
) -> None:
    with (
        closing(RegisterClient(url, keys, clock)) as client,
        pytest.raises(RegisterKeyRefusedError, match="CALANQUE_REGISTER_KEYS"),
    ):
        client.status(OPERATOR, "J-1")


@pytest.mark.parametrize(
    "answer", [{"operator_journey_id": "J-2"}, {"status": "approved"}, {"status": None}]
)
def test_believes_no_answer_that_its_documentation_does_not_know(
    client: RegisterClient, register: FakeRegister, answer: dict[str, str | None]
) -> None:
    register.put("J-1", RegisterStatus.OK)
    register.answers["J-1"] = answer

    with pytest.raises(RegisterUnavailableError):
        client.status(OPERATOR, "J-1")


def test_a_journey_id_cannot_leave_its_place_in_the_path(
    client: RegisterClient, register: FakeRegister
) -> None:
    register.put("J-1", RegisterStatus.OK)

    assert client.status(OPERATOR, "../journeys/J-1").status == RegisterStatus.UNKNOWN
