"""Bodies of requests within a bound, so that nobody fills the memory of the process."""

from fastapi import Request

from backend.kernel.errors import EcoError, ErrorKind

MAX_BODY_BYTES = 13_000_000
"""The largest trip file (12 MB) and the frame of its form."""


class BodyTooLargeError(EcoError):
    """The request is larger than anything that this service takes; it was not read to its end."""

    def __init__(self) -> None:
        super().__init__(
            ErrorKind.INVALID,
            "body_too_large",
            f"A request holds at most {MAX_BODY_BYTES // 1_000_000} MB.",
        )


async def bounded_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        BodyTooLargeError: It says that it is larger, or turns out to be.
    """
    check_length(request)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise BodyTooLargeError
        parts.append(part)
    return b"".join(parts)


def check_length(request: Request) -> None:
    """Refuse a request that announces more than the bound.

    Raises:
        BodyTooLargeError: It does.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise BodyTooLargeError
