"""Time windows, counters, keys and one-time codes of devices."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.devices import rules
from backend.devices.codes import DepositCode, SlotCode, TicketCode
from backend.devices.rules import Freshness, RevocationReason, Windows

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
WINDOWS = Windows(slot_grace_s=15, deposit_s=86_400, ticket_s=172_800, skew_s=20)
SLOT = SlotCode(device=1, slot=0, seq=0, issued_at=NOON)
DEPOSIT = DepositCode(1, 1, "glass", 1, 300, NOON)
TICKET = TicketCode(
    1, "A", "bus", 900, NOON - timedelta(hours=1), NOON - timedelta(minutes=5), NOON
)


@pytest.mark.parametrize(
    ("code", "age_s", "expected"),
    [
        (SLOT, 0, Freshness.FRESH),
        (SLOT, 45, Freshness.FRESH),
        (SLOT, 46, Freshness.LATE),
        (SLOT, -20, Freshness.FRESH),
        (SLOT, -21, Freshness.EARLY),
        (DEPOSIT, 86_400, Freshness.FRESH),
        (DEPOSIT, 86_401, Freshness.LATE),
        (DEPOSIT, -21, Freshness.EARLY),
        (TICKET, 172_800, Freshness.FRESH),
        (TICKET, 172_801, Freshness.LATE),
    ],
)
def test_compares_the_signed_time_with_the_clock(
    code: SlotCode | DepositCode | TicketCode, age_s: int, expected: Freshness
) -> None:
    now = NOON + timedelta(seconds=age_s)

    assert rules.freshness(code, now=now, windows=WINDOWS) is expected


def test_an_act_happens_when_the_trip_ends() -> None:
    later = NOON + timedelta(hours=1)

    assert rules.act_at(TICKET, received_at=later) == NOON - timedelta(minutes=5)
    assert rules.act_at(DEPOSIT, received_at=later) == NOON


@pytest.mark.parametrize(
    ("revoked_at", "reason", "is_good"),
    [
        (None, None, True),
        (NOON + timedelta(seconds=1), RevocationReason.RETIRED, True),
        (NOON, RevocationReason.RETIRED, False),
        (NOON + timedelta(days=1), RevocationReason.COMPROMISED, False),
    ],
)
def test_revocation_spares_only_earlier_codes_of_an_honest_device(
    revoked_at: datetime | None, reason: str | None, *, is_good: bool
) -> None:
    assert rules.accepts_codes_made_at(NOON, revoked_at=revoked_at, reason=reason) is is_good


def test_the_former_key_counts_only_until_shortly_after_the_rotation() -> None:
    def keys_at(seconds: int) -> tuple[str, ...]:
        return rules.keys_for(
            NOON + timedelta(seconds=seconds),
            public_key="new",
            previous_key="old",
            rotated_at=NOON,
            overlap_s=60,
        )

    assert keys_at(-3600) == ("new", "old")
    assert keys_at(60) == ("new", "old")
    assert keys_at(61) == ("new",)


def test_without_a_rotation_one_key_counts() -> None:
    keys = rules.keys_for(NOON, public_key="only", previous_key=None, rotated_at=None)

    assert keys == ("only",)


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def test_accepts_counters_that_arrive_late_and_out_of_order() -> None:
    finding = rules.judge_counter(5, at(5), seen=[(4, at(4)), (9, at(9))], counter_high=9)

    assert finding.is_accepted
    assert finding.skipped == 0


def test_counts_what_was_jumped_over() -> None:
    assert rules.judge_counter(9, at(9), seen=[(4, at(4))], counter_high=4).skipped == 4


@pytest.mark.parametrize(
    ("counter", "minute", "expected"),
    [
        (10, 3, "counter_regression"),  # higher than 9 yet older than it: two devices, one key
        (3, 6, "counter_regression"),  # lower than 4 yet younger
        (4, 4, "counter_regression"),  # the same once more
        (10_010, 12, "counter_out_of_range"),
        (10_009, 12, "counter_in_order"),
    ],
)
def test_notices_a_copied_key(counter: int, minute: int, expected: str) -> None:
    finding = rules.judge_counter(
        counter, at(minute), seen=[(4, at(4)), (9, at(9))], counter_high=9
    )

    assert finding.code == expected
    assert finding.is_accepted is (expected == "counter_in_order")


@given(st.permutations(list(range(1, 12))), st.data())
def test_any_arrival_order_of_an_honest_device_is_accepted(
    order: list[int], data: st.DataObject
) -> None:
    seconds = sorted(data.draw(st.lists(st.integers(0, 86_400), min_size=12, max_size=12)))
    seen: list[tuple[int, datetime]] = []

    for counter in order:
        issued_at = NOON + timedelta(seconds=seconds[counter])
        high = max((c for c, _ in seen), default=0)
        assert rules.judge_counter(counter, issued_at, seen=seen, counter_high=high).is_accepted
        seen.append((counter, issued_at))


@given(st.integers(21, 86_400), st.integers(2, 50), st.integers(1, 49))
def test_no_device_can_restart_its_counter(later_s: int, high: int, restart: int) -> None:
    low = min(restart, high - 1)
    issued_at = NOON + timedelta(seconds=later_s)

    finding = rules.judge_counter(low, issued_at, seen=[(high, NOON)], counter_high=high)

    assert finding.code == "counter_regression"


def test_short_code_has_eight_characters_that_look_different() -> None:
    short = rules.short_code("ABC")

    assert len(short) == 8
    assert set(short) <= set(rules.SHORT_ALPHABET)
    assert short == rules.short_code("ABC")
    assert short != rules.short_code("ABD")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("abcd-efgh", "ABCDEFGH"),
        (" ABCD EFGH ", "ABCDEFGH"),
        ("ABCDEFG", None),
        ("ABCDEFG0", None),
        ("ABCDEFGHJ", None),
    ],
)
def test_reads_a_typed_short_code(typed: str, expected: str | None) -> None:
    assert rules.normalise_short(typed) == expected


def test_enrolment_codes_differ_and_are_read_aloud_in_groups() -> None:
    code = rules.new_enrolment_code()

    assert code != rules.new_enrolment_code()
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    assert rules.enrolment_hash(code) == rules.enrolment_hash(code.lower().replace("-", " "))
    assert code not in rules.enrolment_hash(code)


@pytest.mark.parametrize(
    ("refused", "pause_s"),
    [(0, 0), (1, 0), (2, 0), (3, 300), (4, 0), (6, 1_500), (9, 7_500), (12, 37_500), (30, 86_400)],
)
def test_a_gate_rests_longer_after_each_third_refused_object(refused: int, pause_s: int) -> None:
    assert rules.gate_pause_s(refused) == pause_s
