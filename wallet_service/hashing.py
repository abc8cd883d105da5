"""Keccak, addresses and words: the small vocabulary shared by calldata and typed data."""

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak as _keccak

from wallet_service.errors import InvalidRequestError

WORD_BYTES = 32
ADDRESS_BYTES = 20


def keccak(message: bytes) -> bytes:
    """Return the 32-byte Keccak-256 of `message`."""
    return bytes(_keccak(primitive=message))


def checksummed(address: bytes) -> str:
    """Write 20 bytes as an EIP-55 address."""
    return str(to_checksum_address(address))


def address_bytes(text: str) -> bytes:
    """Read an address, refusing a mixed-case one whose EIP-55 checksum is wrong.

    Raises:
        InvalidRequestError: Not 0x and 40 hex digits, or a wrong checksum (a typing error).
    """
    raw = hex_bytes(text, size=ADDRESS_BYTES)
    digits = text[2:]
    if digits not in {digits.lower(), digits.upper()} and checksummed(raw) != text:
        raise InvalidRequestError("address_checksum", f"{text} has a wrong EIP-55 checksum.")
    return raw


def hex_bytes(text: str, *, size: int | None = None) -> bytes:
    """Read 0x-prefixed hex of whole bytes.

    Raises:
        InvalidRequestError: No prefix, odd or foreign digits, or another size than asked.
    """
    try:
        raw = bytes.fromhex(text[2:]) if text.startswith("0x") and " " not in text else None
    except ValueError:
        raw = None
    if raw is None or len(text) != 2 + 2 * len(raw) or (size is not None and len(raw) != size):
        wanted = "hex bytes" if size is None else f"{size} hex bytes"
        raise InvalidRequestError("hex_malformed", f"Expected 0x and {wanted}.")
    return raw


def word(number: int) -> bytes:
    """Write an unsigned integer as one 32-byte word."""
    return number.to_bytes(WORD_BYTES, "big")


def address_word(address: bytes) -> bytes:
    """Write an address as one left-padded 32-byte word."""
    return address.rjust(WORD_BYTES, b"\0")
