import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from backend.chain import signed
from backend.chain.errors import SignedBytesUnreadableError

KEY = "0x" + "11" * 32
TO = "0x" + "11" * 20


def _sign(**changes: object) -> str:
    fields = {
        "type": 2,
        "chainId": 31337,
        "nonce": 7,
        "to": TO,
        "data": "0x1234",
        "value": 0,
        "gas": 100_000,
        "maxFeePerGas": 5,
        "maxPriorityFeePerGas": 2,
    }
    raw: str = Account.from_key(KEY).sign_transaction(fields | changes).raw_transaction.to_0x_hex()
    return raw


@given(
    nonce=st.integers(0, 2**40),
    data=st.binary(max_size=80),
    gas=st.integers(21_000, 2**24),
    fee_wei=st.integers(1, 2**60),
)
def test_what_was_signed_is_read_back(nonce: int, data: bytes, gas: int, fee_wei: int) -> None:
    raw = _sign(nonce=nonce, data=data, gas=gas, maxFeePerGas=fee_wei, maxPriorityFeePerGas=1)

    found = signed.read(raw)

    assert found.sender == Account.from_key(KEY).address
    assert (found.nonce, found.gas, found.max_fee_per_gas_wei) == (nonce, gas, fee_wei)
    assert (found.chain_id, found.to_address.lower()) == (31337, TO.lower())
    assert (found.data, found.value_wei) == ("0x" + data.hex(), 0)


def test_the_hash_is_the_one_that_nodes_answer() -> None:
    answer = Account.from_key(KEY).sign_transaction(
        {"type": 2, "chainId": 1, "nonce": 0, "to": TO, "value": 0, "gas": 21_000,
         "maxFeePerGas": 1, "maxPriorityFeePerGas": 1}
    )  # fmt: skip

    assert signed.read(answer.raw_transaction.to_0x_hex()).tx_hash == answer.hash.to_0x_hex()


@given(position=st.integers(0, 70), flip=st.integers(1, 255))
def test_a_changed_byte_is_another_sender_or_unreadable(position: int, flip: int) -> None:
    raw = bytearray.fromhex(_sign()[2:])
    raw[position] ^= flip
    try:
        found = signed.read("0x" + raw.hex())
    except SignedBytesUnreadableError:
        return
    assert found.sender != Account.from_key(KEY).address


@pytest.mark.parametrize("raw", ["", "0x", "0x02", "0x02c0", "0xzz", "0x01" + "00" * 40])
def test_what_is_no_transaction_is_unreadable(raw: str) -> None:
    with pytest.raises(SignedBytesUnreadableError):
        signed.read(raw)
