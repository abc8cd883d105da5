import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.rewards.rules import merkle_root, mint_word, receipt_leaf, unpack_mint_word

ADDRESS = "0x" + "ab" * 20
LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)


def _rfc_6962(leaves: list[bytes]) -> bytes:
    """The recursive definition of the standard, section 2.1, over ready leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = _rfc_6962(leaves[:split]), _rfc_6962(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@given(leaves=LEAVES)
def test_root_is_that_of_the_standard(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == _rfc_6962(leaves)


def test_root_depends_on_the_order_of_leaves() -> None:
    first, second = bytes(32), bytes([1]) * 32

    assert merkle_root([first, second]) != merkle_root([second, first])


def test_a_tree_without_leaves_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        merkle_root([])


@pytest.mark.parametrize(
    "change", [{"salt": bytes(16)}, {"public": {"units": 51}}, {"private": {"station": "b"}}]
)
def test_leaf_depends_on_salt_and_on_both_halves(change: dict[str, object]) -> None:
    # I-7
    facts = {"salt": b"s" * 16, "public": {"units": 50}, "private": {"station": "a"}}

    assert receipt_leaf(**facts) != receipt_leaf(**{**facts, **change})  # type: ignore[arg-type]


@given(reward_id=st.integers(0, 2**48 - 1), units=st.integers(1, 2**48 - 1))
def test_mint_word_unpacks_to_its_parts(reward_id: int, units: int) -> None:
    word = mint_word(address=ADDRESS, reward_id=reward_id, units=units)

    assert len(word) == 32
    assert unpack_mint_word(word) == (ADDRESS, reward_id, units)


def test_mint_word_has_the_layout_of_the_contract() -> None:
    word = mint_word(address=ADDRESS, reward_id=0x0123456789AB, units=0xC0FFEE)

    assert word.hex() == "ab" * 20 + "0123456789ab" + "000000c0ffee"


@pytest.mark.parametrize(("reward_id", "units"), [(-1, 1), (2**48, 1), (1, 0), (1, -5), (1, 2**48)])
def test_mint_word_refuses_a_part_that_does_not_fit(reward_id: int, units: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        mint_word(address=ADDRESS, reward_id=reward_id, units=units)
