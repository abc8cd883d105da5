"""Announce, enrol, rotate, revoke and hear devices."""

import threading
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.db.engine import Database
from backend.devices import codes, queries, rules, service
from backend.devices.errors import (
    CodeForgedError,
    DeviceNotActiveError,
    DeviceNotFoundError,
    DeviceNumberTakenError,
    EnrolmentRefusedError,
    PublicKeyInvalidError,
)
from backend.devices.models import Device
from backend.devices.rules import DeviceKind, RevocationReason
from backend.devices.service import NewDevice
from tests.support.clock import FrozenClock

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = KEY.public_key().public_bytes_raw().hex()
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw().hex()
KIOSK = NewDevice(DeviceKind.KIOSK, "Borne")


def announced(database: Database, clock: FrozenClock, new: NewDevice = KIOSK) -> tuple[int, str]:
    with database.transaction() as session:
        device, code = service.create_pending(session, new, now=clock.now())
        return device.number, code


def enrolled(database: Database, clock: FrozenClock) -> int:
    number, code = announced(database, clock)
    with database.transaction() as session:
        service.enrol(session, code, PUBLIC_KEY, now=clock.now())
    return number


def stored(database: Database, number: int) -> Device:
    with database.reading() as session:
        device = queries.need(session, number)
        session.expunge(device)
        return device


def test_a_device_becomes_active_with_its_one_time_code(
    database: Database, clock: FrozenClock
) -> None:
    number, code = announced(database, clock)
    assert stored(database, number).state == "pending"

    with database.transaction() as session:
        service.enrol(session, code.lower(), PUBLIC_KEY, now=clock.now())

    device = stored(database, number)
    assert (device.state, device.public_key) == ("active", PUBLIC_KEY)
    assert device.enrolled_at == clock.now()


def test_only_a_hash_of_the_code_is_kept(database: Database, clock: FrozenClock) -> None:
    number, code = announced(database, clock)

    device = stored(database, number)

    assert code not in str(device.model_dump())
    assert device.enrolment_hash == rules.enrolment_hash(code)


def test_the_same_key_may_repeat_its_enrolment(database: Database, clock: FrozenClock) -> None:
    number, code = announced(database, clock)

    for _ in range(2):
        with database.transaction() as session:
            assert service.enrol(session, code, PUBLIC_KEY, now=clock.now()).number == number


def test_a_used_code_is_refused_to_another_key(database: Database, clock: FrozenClock) -> None:
    _, code = announced(database, clock)
    with database.transaction() as session:
        service.enrol(session, code, PUBLIC_KEY, now=clock.now())

    with pytest.raises(EnrolmentRefusedError), database.transaction() as session:
        service.enrol(session, code, OTHER_KEY, now=clock.now())


def test_a_code_ends_after_a_day(database: Database, clock: FrozenClock) -> None:
    _, code = announced(database, clock)
    clock.advance(seconds=24 * 3600 + 1)

    with pytest.raises(EnrolmentRefusedError), database.transaction() as session:
        service.enrol(session, code, PUBLIC_KEY, now=clock.now())


def test_an_unknown_code_is_refused(database: Database, clock: FrozenClock) -> None:
    with pytest.raises(EnrolmentRefusedError), database.transaction() as session:
        service.enrol(session, "AAAA-AAAA-AAAA-AAAA", PUBLIC_KEY, now=clock.now())


def test_two_devices_cannot_share_a_key(database: Database, clock: FrozenClock) -> None:
    enrolled(database, clock)
    _, code = announced(database, clock)

    with pytest.raises(PublicKeyInvalidError), database.transaction() as session:
        service.enrol(session, code, PUBLIC_KEY.upper(), now=clock.now())


@pytest.mark.parametrize("key", ["", "zz" * 32, "00" * 31, "00" * 33])
def test_refuses_what_is_no_public_key(database: Database, clock: FrozenClock, key: str) -> None:
    _, code = announced(database, clock)

    with pytest.raises(PublicKeyInvalidError), database.transaction() as session:
        service.enrol(session, code, key, now=clock.now())


def test_of_two_keys_that_race_with_one_code_one_wins(
    database: Database, clock: FrozenClock
) -> None:
    number, code = announced(database, clock)
    keys = [Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex() for _ in range(6)]
    barrier, won = threading.Barrier(len(keys)), []

    def race(key: str) -> None:
        barrier.wait()
        try:
            with database.transaction() as session:
                service.enrol(session, code, key, now=clock.now())
            won.append(key)
        except EnrolmentRefusedError:
            return

    threads = [threading.Thread(target=race, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert won == [stored(database, number).public_key]


def test_numbers_are_given_in_order_or_chosen(database: Database, clock: FrozenClock) -> None:
    chosen = NewDevice(DeviceKind.BIN, "Bac", number=700)

    assert announced(database, clock, chosen)[0] == 700
    assert announced(database, clock)[0] == 701
    with pytest.raises(DeviceNumberTakenError):
        announced(database, clock, chosen)


def test_rotation_keeps_the_former_key_for_earlier_codes(
    database: Database, clock: FrozenClock
) -> None:
    number = enrolled(database, clock)

    with database.transaction() as session:
        service.rotate(session, number, OTHER_KEY, now=clock.now())

    device = stored(database, number)
    assert (device.public_key, device.previous_key) == (OTHER_KEY, PUBLIC_KEY)
    assert device.rotated_at == clock.now()
    with database.transaction() as session:
        again = service.rotate(session, number, OTHER_KEY, now=clock.now())
        assert again.previous_key == PUBLIC_KEY


def test_a_pending_device_cannot_rotate(database: Database, clock: FrozenClock) -> None:
    number, _ = announced(database, clock)

    with pytest.raises(DeviceNotActiveError), database.transaction() as session:
        service.rotate(session, number, OTHER_KEY, now=clock.now())


def test_revocation_is_for_ever_and_only_gets_stricter(
    database: Database, clock: FrozenClock
) -> None:
    number = enrolled(database, clock)
    revoked_at = clock.now()
    with database.transaction() as session:
        service.revoke(session, number, reason=RevocationReason.RETIRED, now=revoked_at)
    clock.advance(seconds=60)

    for reason in (RevocationReason.COMPROMISED, RevocationReason.RETIRED):
        with database.transaction() as session:
            service.revoke(session, number, reason=reason, now=clock.now())

    device = stored(database, number)
    assert (device.state, device.revoked_reason) == ("revoked", "compromised")
    assert device.revoked_at == revoked_at


def test_a_revoked_device_cannot_enrol_again(database: Database, clock: FrozenClock) -> None:
    number, code = announced(database, clock)
    with database.transaction() as session:
        service.revoke(session, number, reason=RevocationReason.RETIRED, now=clock.now())

    with pytest.raises(EnrolmentRefusedError), database.transaction() as session:
        service.enrol(session, code, PUBLIC_KEY, now=clock.now())


def test_an_unknown_device_is_named(database: Database, clock: FrozenClock) -> None:
    with pytest.raises(DeviceNotFoundError), database.transaction() as session:
        service.revoke(session, 99, reason=RevocationReason.RETIRED, now=clock.now())


def test_an_announced_code_can_be_typed_until_it_ends(
    database: Database, clock: FrozenClock
) -> None:
    number = enrolled(database, clock)
    token = codes.encode_slot(KEY, device=number, slot=codes.slot_of(clock.now()), seq=0)

    with database.transaction() as session:
        device = queries.need(session, number)
        service.hear(session, device, now=clock.now(), clock_skew_s=-3, tokens=(token,))

    short = rules.short_code(token)
    with database.reading() as session:
        assert queries.token_of_short(session, short, now=clock.now()) == token
        late = clock.now() + timedelta(seconds=46)
        assert queries.token_of_short(session, short, now=late) is None
        assert queries.token_of_short(session, "AAAAAAAA", now=clock.now()) is None
    assert stored(database, number).clock_skew_s == -3


def test_expired_short_codes_are_swept(database: Database, clock: FrozenClock) -> None:
    number = enrolled(database, clock)
    first, second = (
        codes.encode_slot(KEY, device=number, slot=codes.slot_of(clock.now()) + ahead, seq=0)
        for ahead in (0, 4)
    )
    with database.transaction() as session:
        service.hear(
            session, queries.need(session, number), now=clock.now(), clock_skew_s=0, tokens=(first,)
        )
    clock.advance(seconds=120)

    with database.transaction() as session:
        service.hear(
            session,
            queries.need(session, number),
            now=clock.now(),
            clock_skew_s=0,
            tokens=(second,),
        )

    with database.reading() as session:
        early = clock.now() - timedelta(seconds=119)
        assert queries.token_of_short(session, rules.short_code(first), now=early) is None
        assert queries.token_of_short(session, rules.short_code(second), now=early) == second


def test_a_device_cannot_announce_codes_of_another(database: Database, clock: FrozenClock) -> None:
    number = enrolled(database, clock)
    stranger = Ed25519PrivateKey.generate()
    token = codes.encode_slot(stranger, device=number, slot=codes.slot_of(clock.now()), seq=0)

    with pytest.raises(CodeForgedError), database.transaction() as session:
        service.hear(
            session, queries.need(session, number), now=clock.now(), clock_skew_s=0, tokens=(token,)
        )


def test_remembers_the_highest_counter_only(database: Database, clock: FrozenClock) -> None:
    number = enrolled(database, clock)

    for counter in (3, 9, 5):
        with database.transaction() as session:
            service.note_counter(session, number, counter)

    assert stored(database, number).counter_high == 9


def test_finds_many_devices_in_one_read_and_the_silent_ones(
    database: Database, clock: FrozenClock
) -> None:
    active = enrolled(database, clock)
    pending, _ = announced(database, clock)

    with database.reading() as session:
        assert set(queries.by_numbers(session, [active, pending, 999])) == {active, pending}
        assert queries.silent_since(session, clock.now()) == []
        later = clock.now() + timedelta(minutes=5)
        assert [d.number for d in queries.silent_since(session, later)] == [active]
        assert [d.number for d in queries.all_devices(session)] == [active, pending]
        assert queries.all_devices(session, station_id="none") == []
