"""Typed data against a second implementation, and signatures as wallets really write them."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.constants import SECPK1_N

from backend.chain.typed import digest, normalised, recovered
from backend.custody.rules import MoveDirection, challenge, usable_address
from backend.market.typed import OwnPayment, typed_data

KEY = Account.from_key("0x" + "5e" * 32)
TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
DESK = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
MOVE = challenge(
    MoveDirection.OUT,
    chain_id=31337,
    token=TOKEN,
    source=DESK,
    target=KEY.address,
    nonce="0x" + "0a" * 32,
    expires_s=1_800_000_000,
)
PAYMENT = typed_data(
    OwnPayment(31337, TOKEN, DESK, KEY.address, 1250, 7, "0x" + "0b" * 32, "0x" + "0c" * 32, 99)
)


def flipped(signature: str) -> str:
    """The same signature with the upper s, which some wallets write."""
    raw = bytes.fromhex(signature[2:])
    s = SECPK1_N - int.from_bytes(raw[32:64], "big")
    return "0x" + (raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])).hex()


@pytest.mark.parametrize("typed", [MOVE, PAYMENT], ids=["move", "payment"])
def test_digest_and_signer_are_those_of_another_library(typed: dict[str, object]) -> None:
    message = encode_typed_data(full_message=typed)
    signed = KEY.sign_message(message)

    found = recovered(typed, signed.signature.to_0x_hex())

    assert signed.message_hash == digest(typed)
    assert found is not None
    assert found[0] == KEY.address


def test_v_of_zero_and_upper_s_mean_the_same_signature() -> None:
    plain = KEY.sign_message(encode_typed_data(full_message=MOVE)).signature.to_0x_hex()
    with_zero = plain[:-2] + f"{int(plain[-2:], 16) - 27:02x}"

    assert normalised(with_zero) == normalised(plain) == normalised(flipped(plain))
    assert recovered(MOVE, flipped(plain)) == recovered(MOVE, plain)


@pytest.mark.parametrize(
    "text", ["", "0x", "0x" + "11" * 64, "0x" + "zz" * 65, "0x" + "00" * 65, "0x" + "ff" * 65]
)
def test_what_is_no_signature_is_nobody_s(text: str) -> None:
    assert recovered(MOVE, text) is None


def test_another_chain_another_signer() -> None:
    signature = KEY.sign_message(encode_typed_data(full_message=MOVE)).signature.to_0x_hex()
    elsewhere = MOVE | {"domain": MOVE["domain"] | {"chainId": 1}}

    found = recovered(elsewhere, signature)

    assert found is None or found[0] != KEY.address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (KEY.address, KEY.address),
        (f"  {KEY.address.lower()} ", KEY.address),
        (KEY.address.swapcase().replace("0X", "0x"), None),
        (KEY.address[:-1], None),
        ("0x" + "00" * 20, None),
        ("lou@example.org", None),
    ],
)
def test_an_address_is_read_and_a_typing_error_is_noticed(text: str, address: str | None) -> None:
    assert usable_address(text) == address
