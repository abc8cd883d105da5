"""The conformance suite that every signing backend passes; a test class inherits it."""

import secrets

from eth_account import Account
from hexbytes import HexBytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.wallets import CHAIN_ID, GWEI
from wallet_service.hashing import checksummed
from wallet_service.policy import Transaction
from wallet_service.signing.protocol import HALF_ORDER, Signer
from wallet_service.signing.transactions import (
    checked_signature,
    recovered_address,
    sign_transaction,
)


class SignerConformance:
    """What a backend must do; the inheriting class gives `signer` and `other` fixtures."""

    def test_signature_recovers_to_the_address(self, signer: Signer) -> None:
        for _ in range(16):
            digest = secrets.token_bytes(32)
            assert recovered_address(signer.sign(digest), digest) == signer.address

    def test_s_is_low_and_parity_is_a_bit(self, signer: Signer) -> None:
        # Half of all raw signatures have a high s: 32 of them miss the case once in 2^32 runs.
        for _ in range(32):
            signature = signer.sign(secrets.token_bytes(32))
            assert 0 < signature.s <= HALF_ORDER
            assert signature.r > 0
            assert signature.parity in {0, 1}

    def test_extreme_digests_are_signed_as_they_are(self, signer: Signer) -> None:
        for digest in (b"\0" * 31 + b"\1", b"\xff" * 32, b"\x80" + bytes(31)):
            checked_signature(signer, digest)

    def test_two_keys_have_two_addresses(self, signer: Signer, other: Signer) -> None:
        digest = secrets.token_bytes(32)

        assert signer.address != other.address
        assert recovered_address(other.sign(digest), digest) != signer.address

    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        nonce=st.integers(0, 2**53 - 1),
        data=st.binary(max_size=200),
        gas=st.integers(21_000, 14_000_000),
        fee=st.integers(0, 500 * GWEI),
    )
    def test_signed_bytes_say_what_was_asked(
        self, signer: Signer, nonce: int, data: bytes, gas: int, fee: int
    ) -> None:
        transaction = Transaction(
            key="minter",
            sender=signer.address,
            chain_id=CHAIN_ID,
            nonce=nonce,
            to=b"\x02" * 20,
            data=data,
            gas=gas,
            max_fee_per_gas_wei=fee,
            max_priority_fee_per_gas_wei=fee // 2,
        )

        signed = sign_transaction(signer, transaction)

        assert Account.recover_transaction(HexBytes(signed.raw)) == checksummed(signer.address)
