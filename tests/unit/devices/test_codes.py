"""Codes of kiosks, bins and operators: what is written is read, and nothing else is."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import cwt
import pytest
import qrcode
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.devices import codes, cose
from backend.devices.codes import DepositCode, SlotCode, TicketCode
from backend.devices.errors import CodeForgedError, CodeMalformedError, CodeTruncatedError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = KEY.public_key().public_bytes_raw()
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
HOST = "HTTPS://CALANQUE.AMPMETROPOLE.FR"


def bytes_of(token: str) -> bytes:
    return base64.b32decode(token + "=" * (-len(token) % 8))


def slot(**more: Any) -> str:
    facts: dict[str, Any] = {"device": 12, "slot": codes.slot_of(NOON), "seq": 0}
    return codes.encode_slot(KEY, **(facts | more))


def deposit(**more: Any) -> str:
    facts: dict[str, Any] = {
        "device": 12,
        "counter": 7,
        "material": "glass",
        "count": 3,
        "mass_g": 900,
        "issued_at": NOON,
    }
    return codes.encode_deposit(KEY, **(facts | more))


def ticket(**more: Any) -> str:
    facts: dict[str, Any] = {
        "device": 900,
        "serial": "RTM-20261123-001",
        "mode": "tram",
        "distance_m": 4200,
        "started_at": NOON - timedelta(minutes=20),
        "ended_at": NOON,
        "issued_at": NOON,
    }
    return codes.encode_ticket(KEY, **(facts | more))


def test_reads_a_slot_code_back() -> None:
    found = codes.verify(codes.read(slot(seq=2)), PUBLIC_KEY)

    assert found == SlotCode(device=12, slot=59847840, seq=2, issued_at=NOON)
    assert codes.code_key(found) == "slot:12:59847840:2"


def test_reads_a_deposit_code_back() -> None:
    found = codes.verify(codes.read(deposit()), PUBLIC_KEY)

    assert found == DepositCode(12, 7, "glass", 3, 900, NOON)
    assert codes.code_key(found) == "deposit:12:7"


def test_reads_a_ticket_back() -> None:
    found = codes.verify(codes.read(ticket()), PUBLIC_KEY)

    start = NOON - timedelta(minutes=20)
    assert found == TicketCode(900, "RTM-20261123-001", "tram", 4200, start, NOON, NOON)
    assert codes.code_key(found) == "ticket:900:RTM-20261123-001"


@given(
    device=st.integers(1, cose.MAX_DEVICE),
    counter=st.integers(1, 2**32 - 1),
    material=st.sampled_from(sorted(codes.MATERIALS)),
    count=st.integers(0, 1000),
    mass_g=st.integers(0, 1_000_000),
    second=st.integers(0, 2**32 - 1),
)
def test_every_deposit_reads_back(
    device: int, counter: int, material: str, count: int, mass_g: int, second: int
) -> None:
    issued_at = datetime.fromtimestamp(second, UTC)

    token = codes.encode_deposit(
        KEY,
        device=device,
        counter=counter,
        material=material,
        count=count,
        mass_g=mass_g,
        issued_at=issued_at,
    )

    expected = DepositCode(device, counter, material, count, mass_g, issued_at)
    assert codes.verify(codes.read(codes.url_of(token, HOST)), PUBLIC_KEY) == expected


@pytest.mark.parametrize(
    ("token", "largest_version"),
    [
        (slot(device=cose.MAX_DEVICE, seq=1000), 8),
        (
            deposit(device=cose.MAX_DEVICE, counter=2**32 - 1, count=1000, mass_g=1_000_000),
            9,
        ),
        (ticket(device=cose.MAX_DEVICE, serial="A" * 16, distance_m=1_000_000), 9),
    ],
)
def test_fits_its_qr_version_at_level_m_even_at_its_longest(
    token: str, largest_version: int
) -> None:
    picture = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
    picture.add_data(codes.url_of(token, HOST))

    picture.make(fit=True)

    assert picture.version <= largest_version


def test_stays_in_the_alphanumeric_alphabet() -> None:
    url = codes.url_of(slot(), "http://127.0.0.1:8000/")

    assert url.startswith("HTTP://127.0.0.1:8000/S/")
    assert set(url) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_is_a_standard_cwt_that_another_library_verifies() -> None:
    raw = bytes_of(deposit())
    key = cwt.COSEKey.new({1: 1, 3: -8, -1: 6, -2: PUBLIC_KEY, 2: (12).to_bytes(1, "big"), 4: [2]})

    claims = cwt.COSE.new().decode(raw, key)

    assert cbor2.loads(claims) == {6: int(NOON.timestamp()), -65537: [2, 7, 1, 3, 900]}


def test_reads_lower_case_and_typed_spaces() -> None:
    token = slot()
    typed = " ".join([token[:20].lower(), token[20:]])

    assert codes.verify(codes.read(typed), PUBLIC_KEY).device == 12


def test_refuses_a_key_that_is_not_the_devices() -> None:
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw()

    with pytest.raises(CodeForgedError):
        codes.verify(codes.read(slot()), stranger)


def test_refuses_every_single_changed_byte() -> None:
    raw = bytes_of(deposit())

    for index in range(len(raw)):
        changed = bytearray(raw)
        changed[index] ^= 0x01
        with pytest.raises((CodeForgedError, CodeMalformedError)):
            codes.verify(codes.read(cose.base32_of(bytes(changed))), PUBLIC_KEY)


def test_calls_a_code_truncated_wherever_it_is_cut() -> None:
    token = deposit()

    for length in range(1, len(token)):
        with pytest.raises(CodeTruncatedError):
            codes.read(token[:length])


def test_names_a_cut_link_truncated() -> None:
    with pytest.raises(CodeTruncatedError):
        codes.read(codes.url_of(deposit(), HOST)[:-40])


def test_refuses_bytes_behind_the_end() -> None:
    with pytest.raises(CodeMalformedError, match="bytes follow"):
        codes.read(cose.base32_of(bytes_of(slot()) + b"\x00"))


def test_refuses_base32_with_padding_or_loose_bits() -> None:
    raw = bytes_of(slot())
    padded = base64.b32encode(raw).decode()
    token = cose.base32_of(raw)
    # The last character carries bits that no byte uses: 'A' + 1 spells the same bytes.
    loose = token[:-1] + chr(ord(token[-1]) + 1)

    for text in (padded if padded.endswith("=") else token + "=", loose):
        with pytest.raises(CodeMalformedError):
            codes.read(text)


@pytest.mark.parametrize("text", ["", " ", "A", "https://other.example/", "é" * 20, "A" * 5000])
def test_refuses_what_is_no_code(text: str) -> None:
    with pytest.raises(CodeMalformedError):
        codes.read(text)


def forge(
    protected: object = None,
    unprotected: object = None,
    claims: object = None,
    *,
    tag: int = 18,
    dumps: Callable[[object], bytes] = cbor2.dumps,
) -> str:
    """Sign a message that our encoder would never make, with the device's own key."""
    head = dumps({1: -8, 4: b"\x0c"} if protected is None else protected)
    slot_claims = {6: int(NOON.timestamp()), -65537: [1, 0]}
    payload = claims if isinstance(claims, bytes) else dumps(claims or slot_claims)
    signature = KEY.sign(cbor2.dumps(["Signature1", head, b"", payload]))
    message = [head, unprotected or {}, payload, signature]
    return cose.base32_of(cbor2.dumps(cbor2.CBORTag(tag, message)))


def test_the_forging_helper_makes_a_valid_code_when_nothing_is_odd() -> None:
    assert codes.verify(codes.read(forge()), PUBLIC_KEY).device == 12


@pytest.mark.parametrize(
    "token",
    [
        forge({1: -7, 4: b"\x0c"}),  # ES256
        forge({1: 5, 4: b"\x0c"}),  # HMAC
        forge({4: b"\x0c"}),  # no algorithm
        forge({1: -8}),  # no device
        forge({1: -8, 4: b"\x00\x0c"}),  # a device spelled in two ways
        forge({1: -8, 4: b""}),
        forge({1: -8, 4: b"\x01\x01\x01\x01\x01"}),
        forge({1: -8, 4: b"\x0c", 2: [99]}),  # critical header that we do not know
        forge(unprotected={5: b"iv"}),
        forge(tag=98),  # COSE_Sign
        forge(tag=17),  # COSE_Mac0
        forge(claims={6: 1, -65537: [99, 1]}),  # unknown kind
        forge(claims={6: 1, -65537: [1, 0, 0]}),
        forge(claims={6: 31, -65537: [1, 0]}),  # inside a slot, not at its start
        forge(claims={6: -30, -65537: [1, 0]}),
        forge(claims={6: 1.5, -65537: [1, 0]}),
        forge(claims={6: 30, -65537: [1, True]}),
        forge(claims={6: 30}),
        forge(claims={6: 30, -65537: []}),
        forge(claims={6: 30, -65537: [1, 0], 7: b"more"}),
        forge(claims={6: 30, -65537: [2, 0, 1, 1, 1]}),  # counters start at 1
        forge(claims={6: 30, -65537: [2, 1, 99, 1, 1]}),  # unknown material
        forge(claims={6: 30, -65537: [3, "A" * 17, 3, 1, 1, 2]}),
        forge(claims={6: 30, -65537: [3, "A:B", 3, 1, 1, 2]}),
        forge(claims={6: 30, -65537: [3, "A", 3, 1, 2, 1]}),  # ends before it starts
        forge(claims={6: 2**40, -65537: [1, 0]}),
        forge(claims=b"\xa2\x06\x18\x1e\x06\x18\x1e"),  # one key twice
        forge(claims=b"\xa2\x3a\x00\x01\x00\x00\x82\x01\x00\x06\x18\x1e"),  # keys out of order
        forge(claims=b"\xa2\x06\x19\x00\x1e\x3a\x00\x01\x00\x00\x82\x01\x00"),  # 30 in two bytes
        forge(claims=b"\xbf\x06\x18\x1e\x3a\x00\x01\x00\x00\x82\x01\x00\xff"),  # no length
        forge(claims=b"\xa2\x06\x18\x1e\x3a\x00\x01\x00\x00\x82\x01\x00\x00"),  # trailing byte
        forge(claims=b"\x81" * 12 + b"\x00"),  # deep
        forge(claims=b"\xa1\x61\x41\x00"),  # text key
        forge(claims=b"\x63\xff\xff\xff"),  # not UTF-8
    ],
)
def test_refuses_what_only_a_sloppy_reader_would_take(token: str) -> None:
    with pytest.raises(CodeMalformedError):
        codes.verify(codes.read(token), PUBLIC_KEY)


@given(st.binary(max_size=240))
def test_never_fails_in_another_way_on_noise(raw: bytes) -> None:
    with pytest.raises(CodeMalformedError):
        codes.read(cose.base32_of(raw))


@given(st.binary(max_size=60))
def test_never_fails_in_another_way_on_signed_noise(payload: bytes) -> None:
    token = forge(claims=payload or b"\x00")

    with pytest.raises(CodeMalformedError):
        codes.read(token)


@pytest.mark.parametrize(
    "facts",
    [
        {"counter": 0},
        {"counter": 2**32},
        {"count": 1001},
        {"mass_g": -1},
        {"issued_at": datetime(1960, 1, 1, tzinfo=UTC)},
    ],
)
def test_signs_nothing_that_no_server_would_read(facts: dict[str, Any]) -> None:
    with pytest.raises(CodeMalformedError):
        deposit(**facts)


@pytest.mark.parametrize("device", [0, -1, 2**32])
def test_refuses_a_device_number_out_of_range(device: int) -> None:
    with pytest.raises(ValueError, match="device number"):
        slot(device=device)


def test_numbers_of_materials_and_modes_never_change() -> None:
    assert codes.MATERIALS["glass"] == 1
    assert codes.MATERIALS["wood"] == 15
    assert codes.MODES["scooter_share"] == 10
    assert len(set(codes.MATERIALS.values())) == len(codes.MATERIALS)
    assert len(set(codes.MODES.values())) == len(codes.MODES)
