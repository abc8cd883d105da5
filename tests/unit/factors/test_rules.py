"""Proofs of payments: the backend and the wallet service must mean the same."""

import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.factors import rules
from backend.factors.rules import PaymentFacts
from wallet_service import eip712, factors
from wallet_service.hashing import address_bytes, hex_bytes

POLICY = Path(factors.__file__).parent / "policies/issuance.toml"
ADDRESS = "0x" + "ab" * 20
WORDS = st.binary(min_size=32, max_size=32).map(lambda raw: "0x" + raw.hex())


@given(units=st.integers(1, 2**48 - 1), merchant=st.integers(1, 2**63), ref=WORDS, salt=WORDS)
def test_both_sides_compute_the_same_digest(units: int, merchant: int, ref: str, salt: str) -> None:
    ours = rules.payment_digest(
        PaymentFacts(31337, "0x" + "c4" * 20, ADDRESS, merchant, units, ref, salt)
    )
    theirs = eip712.payment_digest(
        eip712.Payment(
            chain_id=31337,
            token=b"",
            desk=bytes.fromhex("c4" * 20),
            payer=address_bytes(ADDRESS),
            units=units,
            merchant_id=merchant,
            payment_ref=hex_bytes(ref),
            salt=hex_bytes(salt),
            valid_after=0,
            valid_before=0,
        )
    )

    assert ours == theirs


def test_both_sides_compute_the_same_digests_of_factors() -> None:
    assert rules.enrolment_digest(ADDRESS) == factors.enrolment_digest(ADDRESS)
    assert rules.replacement_digest(ADDRESS, "x") == factors.replacement_digest(ADDRESS, "x")


def test_the_wallet_opens_what_a_page_sealed() -> None:
    key = X25519PrivateKey.generate()

    class Vault:
        def sealing_secret(self) -> bytes:
            return key.private_bytes_raw()

    public_key = "0x" + key.public_key().public_bytes_raw().hex()
    sealed = rules.seal_pin(public_key, "4711", b"d" * 32)

    assert factors._opened_pin(Vault(), sealed, b"d" * 32) == "4711"  # type: ignore[arg-type]


def test_both_sides_ask_for_a_proof_at_the_same_amounts() -> None:
    spend = tomllib.loads(POLICY.read_text())["spend"]

    assert spend["proof_above_units"] == rules.PROOF_ABOVE_UNITS
    assert spend["account_units_per_day_max"] == rules.UNPROVED_UNITS_PER_DAY


@pytest.mark.parametrize(
    ("units", "today", "needed"),
    [(50_000, 0, False), (50_001, 0, True), (50_000, 50_000, False), (1, 100_000, True)],
)
def test_large_payments_and_large_days_need_a_proof(
    *, units: int, today: int, needed: bool
) -> None:
    assert rules.needs_proof(units, unproved_today_units=today) is needed


@pytest.mark.parametrize("text", ["123", "1" * 13, "12a4", "", "١٢٣٤"])
def test_a_pin_is_four_to_twelve_digits(text: str) -> None:
    assert not rules.is_pin(text)
    assert rules.is_pin("0000")
