import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kernel.canonical import canonical_json, sha256_hex

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=PLAIN)
def test_canonical_json_is_json_and_its_own_fixed_point(value: Any) -> None:
    text = canonical_json(value)

    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical_json({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'


@pytest.mark.parametrize("value", [1.0, [1, 2.5], {"a": {"b": [0.1]}}, (1.5,)])
def test_canonical_json_refuses_floats_at_any_depth(value: Any) -> None:
    with pytest.raises(TypeError, match="no float"):
        canonical_json(value)


def test_digest_is_that_of_the_standard() -> None:
    # FIPS 180-2, example B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    assert sha256_hex(b"abc") == expected
