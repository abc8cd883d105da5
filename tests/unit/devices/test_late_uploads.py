"""Late uploads: whatever the kind of code, its signed time decides, and bounds are included."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.devices import codes, rules
from backend.devices.rules import Freshness, Windows

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WINDOWS = Windows()


def slot(counter: int) -> str:
    return codes.encode_slot(KEY, device=9, slot=codes.slot_of(NOON), seq=counter % 1000)


def deposit(counter: int) -> str:
    return codes.encode_deposit(
        KEY, device=9, counter=counter, material="glass", count=1, mass_g=0, issued_at=NOON
    )


def attended(counter: int) -> str:
    return codes.encode_attended(
        KEY,
        device=9,
        counter=counter,
        material="glass",
        count=1,
        mass_g=0,
        card_ref="00" * 8,
        agent=1,
        issued_at=NOON,
    )


def item(counter: int) -> str:
    return codes.encode_item(
        KEY, device=9, counter=counter, material="glass", serial="A1", issued_at=NOON
    )


def sensor(counter: int) -> str:
    return codes.encode_sensor(KEY, device=9, counter=counter, event="lid", value=1, issued_at=NOON)


KINDS = [
    (slot, codes.SLOT_S + WINDOWS.slot_grace_s),
    (deposit, WINDOWS.deposit_s),
    (attended, WINDOWS.attended_s),
    (item, WINDOWS.deposit_s),
    (sensor, WINDOWS.deposit_s),
]


@pytest.mark.parametrize(("make", "lives_s"), KINDS)
@given(counter=st.integers(1, 2**32 - 1), delay_s=st.integers(-3600, 10 * 86_400))
def test_a_code_is_fresh_exactly_inside_its_signed_window(
    make: Callable[[int], str], lives_s: int, counter: int, delay_s: int
) -> None:
    content = codes.verify(codes.read(make(counter)), PUBLIC)
    now = content.issued_at + timedelta(seconds=delay_s)

    found = rules.freshness(content, now=now, windows=WINDOWS)

    if delay_s < -WINDOWS.skew_s:
        assert found is Freshness.EARLY
    else:
        assert (found is Freshness.FRESH) == (delay_s <= lives_s)


@given(st.integers(0, 4000))
def test_a_sticker_is_never_late(days: int) -> None:
    token = codes.encode_sticker(KEY, device=9, issued_at=NOON)
    content = codes.verify(codes.read(token), PUBLIC)

    found = rules.freshness(content, now=NOON + timedelta(days=days), windows=WINDOWS)

    assert found is Freshness.FRESH


@given(
    st.lists(st.integers(0, 86_400), min_size=2, max_size=25),
    st.randoms(use_true_random=False),
)
def test_what_a_counter_kept_offline_is_in_order_however_it_arrives(
    gaps_s: list[int], draw: object
) -> None:
    moments = [NOON + timedelta(seconds=sum(gaps_s[:n])) for n in range(1, len(gaps_s) + 1)]
    sent = list(enumerate(moments, start=1))
    draw.shuffle(sent)  # type: ignore[attr-defined]  # Hypothesis hands out a Random
    seen: list[tuple[int, datetime]] = []

    for counter, issued_at in sent:
        high = max((c for c, _ in seen), default=0)
        finding = rules.judge_counter(counter, issued_at, seen=seen, counter_high=high)
        assert finding.is_accepted
        seen.append((counter, issued_at))
        # The same once more is a copy.
        again = rules.judge_counter(counter, issued_at, seen=seen, counter_high=high)
        assert again.code == "counter_regression"


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"))
def test_an_object_has_one_key_in_all_spellings(serial: str) -> None:
    if not 1 <= len(serial) <= 16 or not serial.replace("-", ""):
        return
    keys = {
        codes.code_key(
            codes.read(
                codes.encode_item(
                    KEY, device=9, counter=1, material="glass", serial=spelled, issued_at=NOON
                )
            ).content
        )
        for spelled in (serial, serial.lower(), serial.upper())
    }

    assert len(keys) == 1
