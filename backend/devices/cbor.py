"""A strict reader of the few CBOR shapes that codes use; no session, clock or settings.

The general decoders accept what a code must not hold: several spellings of one
value, duplicate keys, indefinite lengths, tags that build dates or patterns.
This one reads integers, byte and text strings, arrays and maps in the
deterministic encoding of RFC 8949 §4.2 and nothing else, so that one code has
exactly one spelling. Writing is left to cbor2 with `canonical=True`.
"""

from dataclasses import dataclass

from backend.devices.errors import CodeMalformedError, CodeTruncatedError

CBORValue = int | bytes | str | list["CBORValue"] | dict[int, "CBORValue"]

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG = range(7)
_MAX_DEPTH = 3
_INLINE_BELOW = 24
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}


@dataclass(slots=True)
class Reader:
    """Reads one value after the other from `raw`."""

    raw: bytes
    position: int = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes.

        Raises:
            CodeTruncatedError: Fewer are left.
        """
        end = self.position + count
        if end > len(self.raw):
            raise CodeTruncatedError
        taken = self.raw[self.position : end]
        self.position = end
        return taken

    def head(self) -> tuple[int, int]:
        """Return major type and argument of the next item.

        Raises:
            CodeTruncatedError: The bytes end.
            CodeMalformedError: An argument that is not in its shortest form.
        """
        major, info = divmod(self.take(1)[0], 32)
        if info < _INLINE_BELOW:
            return major, info
        width = _WIDTHS.get(info)
        if width is None:
            raise CodeMalformedError("it holds a CBOR item of indefinite or unknown length")
        argument = int.from_bytes(self.take(width), "big")
        # The shortest form: one byte only from 24 on, two bytes only from 256 on, and so on.
        floor = _INLINE_BELOW if width == 1 else 1 << (4 * width)
        if argument < floor:
            raise CodeMalformedError("it holds a CBOR number that is not in its shortest form")
        return major, argument

    def value(self, depth: int = 0) -> CBORValue:
        """Read one value.

        Raises:
            CodeTruncatedError: The bytes end before the value does.
            CodeMalformedError: A shape that codes do not use.
        """
        major, argument = self.head()
        if depth > _MAX_DEPTH:
            raise CodeMalformedError("it is nested too deep")
        if major == UNSIGNED:
            return argument
        if major == NEGATIVE:
            return -1 - argument
        if major == BYTES:
            return self.take(argument)
        if major == TEXT:
            return _utf8(self.take(argument))
        if major == ARRAY:
            return [self.value(depth + 1) for _ in range(self._bounded(argument))]
        if major == MAP:
            return self._map(self._bounded(argument), depth)
        raise CodeMalformedError("it holds a CBOR type that codes do not use")

    def finish(self) -> None:
        """Check that nothing is left.

        Raises:
            CodeMalformedError: Bytes follow the value.
        """
        if self.position != len(self.raw):
            raise CodeMalformedError("bytes follow its end")

    def _bounded(self, count: int) -> int:
        # Every item takes a byte at least, so a larger count cannot be satisfied.
        if count > len(self.raw) - self.position:
            raise CodeTruncatedError
        return count

    def _map(self, count: int, depth: int) -> CBORValue:
        found: dict[int, CBORValue] = {}
        previous = b""
        for _ in range(count):
            start = self.position
            key = self.value(depth + 1)
            spelled = self.raw[start : self.position]
            if not isinstance(key, int):
                raise CodeMalformedError("a key is not a whole number")
            # Rising order by spelling; equality would be a duplicate key.
            if (len(spelled), spelled) <= (len(previous), previous):
                raise CodeMalformedError("its keys are doubled or out of order")
            previous = spelled
            found[key] = self.value(depth + 1)
        return found


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise CodeMalformedError("a text is not UTF-8") from error
