from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.carpool import rules
from backend.carpool.rules import RegisterStatus
from tests.support.clock import NOON

STARTED = NOON
SECOND = timedelta(seconds=1)
WAITING = [RegisterStatus.PENDING, RegisterStatus.UNKNOWN]


def test_asks_first_when_the_registers_checks_are_over() -> None:
    assert rules.next_check(None, started_at=STARTED, now=STARTED) == STARTED + timedelta(hours=48)


def test_asks_at_once_about_a_journey_that_was_reported_late() -> None:
    now = STARTED + timedelta(hours=60)

    assert rules.next_check(None, started_at=STARTED, now=now) == now


@pytest.mark.parametrize("status", sorted(rules.REFUSING))
def test_asks_no_more_about_a_refused_journey(status: RegisterStatus) -> None:
    assert rules.next_check(status, started_at=STARTED, now=STARTED) is None


def test_watches_a_confirmed_journey_for_forty_days() -> None:
    last = STARTED + timedelta(days=39)

    assert rules.next_check(RegisterStatus.OK, started_at=STARTED, now=last) is not None
    assert rules.next_check(RegisterStatus.OK, started_at=STARTED, now=last + SECOND) is None


@pytest.mark.parametrize("status", WAITING)
def test_waits_a_week_for_an_answer(status: RegisterStatus) -> None:
    almost = STARTED + timedelta(days=7) - SECOND

    assert rules.next_check(status, started_at=STARTED, now=almost) == almost + timedelta(hours=1)
    assert not rules.is_silent(started_at=STARTED, now=almost)
    assert rules.is_silent(started_at=STARTED, now=almost + SECOND)
    assert rules.next_check(status, started_at=STARTED, now=almost + SECOND) is None


@given(status=st.sampled_from(list(RegisterStatus)), hours=st.integers(0, 2_000))
def test_the_next_question_is_never_in_the_past(status: RegisterStatus, hours: int) -> None:
    now = STARTED + timedelta(hours=hours)

    found = rules.next_check(status, started_at=STARTED, now=now)

    assert found is None or found > now


def test_one_person_has_one_pseudonym_per_secret() -> None:
    one, other = bytes(range(32)), bytes(range(1, 33))

    assert rules.pseudonym(one, "ab" * 32) == rules.pseudonym(one, "ab" * 32)
    assert rules.pseudonym(one, "ab" * 32) != rules.pseudonym(other, "ab" * 32)
    assert "ab" * 32 not in rules.pseudonym(one, "ab" * 32)


def test_refuses_a_short_secret() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        rules.pseudonym(bytes(31), "ab" * 32)
