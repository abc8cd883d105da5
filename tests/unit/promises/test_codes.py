"""What phones sign and tills scan, byte by byte."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from backend.promises import codes
from backend.promises.codes import PREFIX, Promise
from backend.promises.errors import PassKeyInvalidError, PromiseForgedError, PromiseMalformedError
from tests.support.promises import Phone, promise_for

AT = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
SHOP = "0123456789abcdef" * 2
ISSUER = codes.issuer_of(b"\x07" * 32)


def _phone() -> Phone:
    return Phone.certified(ISSUER, pass_id="0011223344556677", expires_at=AT)


def _signed(**changes: object) -> Promise:
    return promise_for(_phone(), merchant_id=SHOP, units=350, signed_at=AT, **changes)


@given(st.binary(max_size=300))
def test_base45_comes_back_and_fits_the_compact_mode_of_a_qr(raw: bytes) -> None:
    text = codes.base45_encode(raw)

    assert codes.base45_decode(text) == raw
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


@pytest.mark.parametrize("text", ["A", "::::", "GGW!", "a00", ":::", "::"])
def test_base45_of_somebody_else_is_refused(text: str) -> None:
    with pytest.raises(PromiseMalformedError):
        codes.base45_decode(text)


def test_a_promise_is_read_as_it_was_written() -> None:
    phone = _phone()
    promise = promise_for(phone, merchant_id=SHOP, units=350, signed_at=AT)

    text = codes.write(promise, phone.certificate)

    assert text.startswith(PREFIX)
    assert len(text) <= 419, "a version 12 QR at level M"
    assert codes.read(text) == promise
    codes.verify(phone.public_key, promise)


@pytest.mark.parametrize(
    "change",
    [
        {"merchant_id": "f" * 32},
        {"request": "f" * 16},
        {"units": 351},
        {"signed_at": datetime(2026, 6, 15, 10, 1, tzinfo=UTC)},
        {"nonce": "f" * 16},
        {"pass_id": "f" * 16},
        {"signature": bytes(64)},
    ],
)
def test_a_promise_of_which_anything_was_changed_is_forged(change: dict[str, object]) -> None:
    phone = _phone()
    promise = promise_for(phone, merchant_id=SHOP, units=350, signed_at=AT)

    with pytest.raises(PromiseForgedError):
        codes.verify(phone.public_key, replace(promise, **change))  # type: ignore[arg-type]  # fields of the parameters


def test_somebody_elses_key_does_not_sign_for_a_pass() -> None:
    with pytest.raises(PromiseForgedError):
        codes.verify(_phone().public_key, _signed())


@pytest.mark.parametrize("cut", [1, 3, 30, 370])
def test_a_piece_of_a_promise_is_none(cut: int) -> None:
    phone = _phone()
    text = codes.write(
        promise_for(phone, merchant_id=SHOP, units=1, signed_at=AT), phone.certificate
    )

    with pytest.raises(PromiseMalformedError):
        codes.read(text[:-cut])


def test_a_promise_of_nothing_is_none() -> None:
    phone = _phone()
    nothing = promise_for(phone, merchant_id=SHOP, units=0, signed_at=AT)

    with pytest.raises(PromiseMalformedError):
        codes.read(codes.write(nothing, phone.certificate))


@pytest.mark.parametrize("key", ["", "00" * 64, "ab" * 64, "ab" * 63, "zz" * 64])
def test_a_key_off_the_curve_gets_no_pass(key: str) -> None:
    with pytest.raises(PassKeyInvalidError):
        codes.check_key(key)


def test_the_issuing_key_follows_from_the_secret_alone() -> None:
    again, other = codes.issuer_of(b"\x07" * 32), codes.issuer_of(b"\x08" * 32)

    assert codes.public_of(again) == codes.public_of(ISSUER) != codes.public_of(other)


def test_a_long_name_is_cut_between_letters() -> None:
    certificate = codes.certify_shop(
        ISSUER, merchant_id=SHOP, name="Pâtisserie " + "é" * 40, expires_at=AT
    )
    raw = bytes.fromhex(certificate)

    length = raw[20]
    assert length <= 48
    assert raw[21 : 21 + length].decode().startswith("Pâtisserie é")
    assert len(raw) == 21 + length + 64


def test_certificates_are_signatures_over_what_they_say() -> None:
    phone = _phone()
    facts, signature = bytes.fromhex(phone.certificate)[:-64], phone.certificate[-128:]
    key = ISSUER.public_key()
    r, s = int(signature[:64], 16), int(signature[64:], 16)

    der = encode_dss_signature(r, s)
    key.verify(der, b"calanque/pass/v1" + facts, ec.ECDSA(SHA256()))
