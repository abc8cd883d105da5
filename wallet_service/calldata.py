"""Strict reading of calldata: canonical ABI encoding of the few shapes that we call, no I/O.

An encoding that the EVM would accept but that is not the canonical one (other offsets,
trailing bytes, dirty padding) is refused: what the policy reads must be all there is.
"""

from dataclasses import dataclass
from functools import lru_cache

from wallet_service.errors import PolicyDeniedError
from wallet_service.hashing import WORD_BYTES, keccak, word

SELECTOR_BYTES = 4
_STATIC_BITS = {"address": 160, "bool": 1, "bytes32": 256}

Row = tuple[int, ...]
Argument = tuple[Row, ...]
"""Rows of words: a scalar is one row of one word, a struct one row, an array many.
`bytes` are one row: their length, and their content as one number."""


@dataclass(frozen=True)
class ArgumentShape:
    """One argument: the bit widths of a row's words, and whether it is an array or `bytes`."""

    bits: tuple[int, ...]
    is_array: bool
    is_bytes: bool = False

    @property
    def is_dynamic(self) -> bool:
        """Whether its place in the head holds an offset only."""
        return self.is_array or self.is_bytes


@dataclass(frozen=True)
class CallShape:
    """What a function signature says about its calldata."""

    signature: str
    selector: bytes
    arguments: tuple[ArgumentShape, ...]


@lru_cache(maxsize=256)
def shape_of(signature: str) -> CallShape:
    """Parse a canonical Solidity signature such as `issue(uint32,bytes32,bytes32[])`.

    Raises:
        ValueError: The signature uses a type that this reader does not know.
    """
    name, _, rest = signature.partition("(")
    if not name.isidentifier() or not rest.endswith(")"):
        raise ValueError(f"not a function signature: {signature}")
    arguments = tuple(_argument(text) for text in _split(rest[:-1]))
    return CallShape(signature, keccak(signature.encode())[:SELECTOR_BYTES], arguments)


def decode(shape: CallShape, calldata: bytes) -> tuple[Argument, ...]:
    """Read the arguments of one call.

    Raises:
        PolicyDeniedError: Another selector, or not the canonical encoding of this shape.
    """
    if calldata[:SELECTOR_BYTES] != shape.selector:
        raise PolicyDeniedError("selector_denied", f"The call is not {shape.signature}.")
    reader = _Reader(calldata[SELECTOR_BYTES:])
    heads = [reader.row((256,) if item.is_dynamic else item.bits) for item in shape.arguments]
    arguments: list[Argument] = []
    for item, head in zip(shape.arguments, heads, strict=True):
        if not item.is_dynamic:
            arguments.append((head,))
            continue
        if head[0] != reader.position:
            raise _not_canonical("an array does not start where the canonical encoding puts it")
        arguments.append((reader.text(),) if item.is_bytes else reader.rows(item.bits))
    reader.finish()
    return tuple(arguments)


def encode(shape: CallShape, arguments: tuple[Argument, ...]) -> bytes:
    """Write the canonical calldata of one call; the inverse of `decode`."""
    head_words = sum(1 if item.is_dynamic else len(item.bits) for item in shape.arguments)
    head = tail = b""
    for item, rows in zip(shape.arguments, arguments, strict=True):
        if item.is_bytes:
            content = bytes_of(rows)
            head += word(head_words * WORD_BYTES + len(tail))
            tail += word(len(content)) + content + bytes(-len(content) % WORD_BYTES)
            continue
        words = b"".join(word(number) for row in rows for number in row)
        if item.is_array:
            head += word(head_words * WORD_BYTES + len(tail))
            tail += word(len(rows)) + words
        else:
            head += words
    return shape.selector + head + tail


def bytes_of(argument: Argument) -> bytes:
    """Return the content of a `bytes` argument."""
    length, content = argument[0]
    return content.to_bytes(length, "big")


def bytes_argument(content: bytes) -> Argument:
    """Write bytes as the argument that `decode` returns for them."""
    return ((len(content), int.from_bytes(content, "big")),)


class _Reader:
    """Walks over the words of calldata behind the selector."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.position = 0

    def number(self, *, bits: int) -> int:
        end = self.position + WORD_BYTES
        if end > len(self._body):
            raise _not_canonical("it ends in the middle of an argument")
        number = int.from_bytes(self._body[self.position : end], "big")
        self.position = end
        if number >> bits:
            raise _not_canonical(f"a value does not fit its {bits} bits")
        return number

    def row(self, bits: tuple[int, ...]) -> Row:
        return tuple(self.number(bits=width) for width in bits)

    def rows(self, bits: tuple[int, ...]) -> tuple[Row, ...]:
        count = self.number(bits=256)
        if count * len(bits) * WORD_BYTES > len(self._body) - self.position:
            raise _not_canonical("an array announces more items than there are")
        return tuple(self.row(bits) for _ in range(count))

    def text(self) -> Row:
        length = self.number(bits=256)
        padded = -(-length // WORD_BYTES) * WORD_BYTES
        if padded > len(self._body) - self.position:
            raise _not_canonical("bytes announce more content than there is")
        content = self._body[self.position : self.position + length]
        if any(self._body[self.position + length : self.position + padded]):
            raise _not_canonical("bytes are padded with something")
        self.position += padded
        return length, int.from_bytes(content, "big")

    def finish(self) -> None:
        if self.position != len(self._body):
            raise _not_canonical("bytes are left over behind the last argument")


def _not_canonical(reason: str) -> PolicyDeniedError:
    return PolicyDeniedError("calldata_not_canonical", f"The calldata is refused: {reason}.")


def _split(text: str) -> list[str]:
    """Split at the commas that stand outside parentheses."""
    parts: list[str] = []
    depth = 0
    current = ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current] if current or parts else []


def _argument(text: str) -> ArgumentShape:
    if text == "bytes":
        return ArgumentShape((), is_array=False, is_bytes=True)
    is_array = text.endswith("[]")
    inner = text.removesuffix("[]")
    names = _split(inner[1:-1]) if inner.startswith("(") and inner.endswith(")") else [inner]
    return ArgumentShape(tuple(_bits(name) for name in names), is_array)


def _bits(name: str) -> int:
    if name in _STATIC_BITS:
        return _STATIC_BITS[name]
    digits = name.removeprefix("uint")
    if name.startswith("uint") and digits.isdecimal() and int(digits) in range(8, 257, 8):
        return int(digits)
    raise ValueError(f"the calldata reader does not know the type {name!r}")
