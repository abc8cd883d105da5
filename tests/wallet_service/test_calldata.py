import pytest
from eth_abi.abi import encode as reference
from hypothesis import given
from hypothesis import strategies as st

from wallet_service.calldata import (
    Argument,
    CallShape,
    bytes_argument,
    decode,
    encode,
    shape_of,
)
from wallet_service.errors import PolicyDeniedError

SIGNATURES = (
    "pauseMint()",
    "registerMerchant(uint64,uint96)",
    "issue(uint32,bytes32,bytes32[])",
    "refund((address,address,uint96,uint64,bytes32,bytes32,bytes32))",
    "cashOutBatch((uint64,uint96,bytes32)[])",
    "both(uint8[],(bool,address)[],uint256)",
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[CallShape, tuple[Argument, ...]]:
    shape = shape_of(draw(st.sampled_from(SIGNATURES)))
    return shape, tuple(
        tuple(
            draw(st.tuples(*(st.integers(0, 2**bits - 1) for bits in item.bits)))
            for _ in range(draw(st.integers(0, 4)) if item.is_array else 1)
        )
        for item in shape.arguments
    )


@given(calls())
def test_decoding_inverts_encoding(call: tuple[CallShape, tuple[Argument, ...]]) -> None:
    shape, arguments = call

    assert decode(shape, encode(shape, arguments)) == arguments


@given(calls(), st.data())
def test_every_accepted_calldata_is_the_canonical_one(
    call: tuple[CallShape, tuple[Argument, ...]], data: st.DataObject
) -> None:
    shape, arguments = call
    changed = bytearray(encode(shape, arguments))
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] ^= data.draw(st.integers(1, 255))

    try:
        read = decode(shape, bytes(changed))
    except PolicyDeniedError:
        return

    assert encode(shape, read) == bytes(changed)
    assert read != arguments


def test_encodes_as_the_reference_encoder_does() -> None:
    shape = shape_of("issue(uint32,bytes32,bytes32[])")
    words = [bytes([number]) * 32 for number in (1, 2, 3)]

    ours = encode(
        shape,
        (((9,),), ((8,),), tuple((int.from_bytes(word, "big"),) for word in words)),
    )

    root = (8).to_bytes(32, "big")
    assert ours[4:] == reference(["uint32", "bytes32", "bytes32[]"], [9, root, words])


def test_knows_the_published_selector_of_transfer() -> None:
    assert shape_of("transfer(address,uint256)").selector.hex() == "a9059cbb"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body[:-1], id="truncated"),
        pytest.param(lambda body: body[:-32], id="one word short"),
        pytest.param(lambda body: body + bytes(32), id="trailing word"),
        pytest.param(lambda body: body + b"\0", id="trailing byte"),
        pytest.param(lambda body: b"\1" + body[1:], id="number too wide"),
        pytest.param(lambda body: body[:64] + bytes(31) + b"\x80" + body[96:], id="far offset"),
        pytest.param(lambda body: body[:96] + b"\xff" * 32 + body[128:], id="endless array"),
        pytest.param(lambda _body: b"", id="nothing"),
    ],
)
def test_refuses_what_is_not_canonical(change: "object") -> None:
    shape = shape_of("issue(uint32,bytes32,bytes32[])")
    body = encode(shape, (((1,),), ((2,),), ((3,),)))[4:]

    with pytest.raises(PolicyDeniedError) as refusal:
        decode(shape, shape.selector + change(body))  # type: ignore[operator]

    assert refusal.value.code == "calldata_not_canonical"


def test_refuses_another_selector() -> None:
    with pytest.raises(PolicyDeniedError) as refusal:
        decode(shape_of("pauseMint()"), shape_of("pauseSpend()").selector)

    assert refusal.value.code == "selector_denied"


@pytest.mark.parametrize(
    "signature",
    ["", "f", "f(", "1f()", "f(string)", "f(uint7)", "f(uint264)", "f(int8)"],
)
def test_refuses_a_signature_it_cannot_read(signature: str) -> None:
    with pytest.raises(ValueError, match=r"signature|type"):
        shape_of(signature)


@pytest.mark.parametrize(
    ("signature", "cut", "words"),
    [
        ("issue(uint32,bytes32,bytes32[])", 40, "in the middle of an argument"),
        ("issue(uint32,bytes32,bytes32[])", 128, "more items than there are"),
        ("note(bytes)", 64, "more content than there is"),
    ],
)
def test_says_where_a_cut_calldata_ends(signature: str, cut: int, words: str) -> None:
    shape = shape_of(signature)
    whole: dict[str, tuple[Argument, ...]] = {
        "issue(uint32,bytes32,bytes32[])": (((1,),), ((2,),), ((3,),)),
        "note(bytes)": (bytes_argument(b"content"),),
    }

    with pytest.raises(PolicyDeniedError, match=words):
        decode(shape, shape.selector + encode(shape, whole[signature])[4:][:cut])
