"""A proxy that breaks connections on purpose, in ways that networks do; TCP or Unix sockets."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

import pytest

START_S = 5.0
CLOSE = b"connection: close"
BROKEN = (ConnectionError, asyncio.IncompleteReadError)


class Fault(StrEnum):
    """What happens to a request."""

    NONE = "none"
    """It is passed on unchanged."""
    REFUSE = "refuse"
    """The connection is closed at once."""
    BLACK_HOLE = "black_hole"
    """The request is read and never answered."""
    CUT_REPLY = "cut_reply"
    """The upstream gets the request and answers; the caller gets nothing."""
    TRUNCATE = "truncate"
    """Half of the answer arrives, then the connection ends."""
    DUPLICATE = "duplicate"
    """The upstream gets the request twice, as after a retry on the way; one answer comes back."""
    DELAY = "delay"
    """The answer is late by `delay_s`."""


class FaultProxy:
    """Passes HTTP requests on to one upstream, with faults; connections stay open between them.

    Args:
        upstream: Port on the loopback interface, or the path of a Unix socket.
        listen: Path of the Unix socket to listen on; a free port when left out.
    Attributes:
        fault: What happens to each request from now on.
        connections: How many were opened so far.
        struck: How often each fault met a request.
    """

    def __init__(self, upstream: int | Path, *, listen: Path | None = None) -> None:
        self.fault = Fault.NONE
        self.delay_s = 0.2
        self.connections = 0
        self.struck: Counter[Fault] = Counter()
        self.port = 0
        self._upstream = upstream
        self._listen = listen
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """The address that callers use."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["FaultProxy"]:
        """Listen until the block ends."""
        self._thread.start()
        assert self._ready.wait(START_S)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        if self._listen is None:
            starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        else:
            starting = asyncio.start_unix_server(self._serve, self._listen)
        server = self._loop.run_until_complete(starting)
        if self._listen is None:
            self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        upstream = _Upstream(self._upstream)
        try:
            # Cancelled when the proxy ends; asyncio of Python 3.11 would report that as an error.
            with suppress(*BROKEN, asyncio.CancelledError):
                while self.fault is not Fault.REFUSE:
                    if not await self._pass_on(reader, writer, upstream):
                        return
                self.struck[Fault.REFUSE] += 1
        finally:
            upstream.close()
            writer.close()
            with suppress(*BROKEN):
                await writer.wait_closed()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: "_Upstream"
    ) -> bool:
        """Pass one request on; False when the connection ends with it."""
        request = await _read_message(reader)
        fault = self.fault
        self.struck[fault] += 1
        if fault is Fault.REFUSE:
            return False
        if fault is Fault.BLACK_HOLE:
            await reader.read()
            return False
        answer = await upstream.ask(request)
        if fault is Fault.DUPLICATE:
            await upstream.ask(request)
        if fault is Fault.DELAY:
            await asyncio.sleep(self.delay_s)
        if fault is Fault.CUT_REPLY:
            return False
        writer.write(answer[: len(answer) // 2] if fault is Fault.TRUNCATE else answer)
        await writer.drain()
        return fault is not Fault.TRUNCATE and CLOSE not in answer.lower()


class _Upstream:
    """The connection behind one caller's; opened when it is needed, again when it was closed."""

    def __init__(self, address: int | Path) -> None:
        self._address = address
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> bytes:
        """Send a request and return the whole answer."""
        if self._open is not None:
            with suppress(*BROKEN):
                return await self._exchange(request)
            # The upstream had closed what stood open since the last request.
            self.close()
        return await self._exchange(request)

    async def _exchange(self, request: bytes) -> bytes:
        if self._open is None:
            if isinstance(self._address, int):
                self._open = await asyncio.open_connection("127.0.0.1", self._address)
            else:
                self._open = await asyncio.open_unix_connection(self._address)
        reader, writer = self._open
        writer.write(request)
        await writer.drain()
        answer = await _read_message(reader)
        if CLOSE in answer.lower():
            self.close()
        return answer

    def close(self) -> None:
        """Close it, if it is open."""
        if self._open is not None:
            self._open[1].close()
            self._open = None


async def _read_message(reader: asyncio.StreamReader) -> bytes:
    """Read one HTTP request or answer; all that pass here say how long they are, or close."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return head + await reader.readexactly(int(value))
    is_request = not head.startswith(b"HTTP/")
    return head if is_request else head + await reader.read()


@pytest.fixture
def fault_proxy(request: pytest.FixtureRequest) -> Iterator[FaultProxy]:
    """A proxy before the port that the fixture `upstream_port` gives."""
    with FaultProxy(request.getfixturevalue("upstream_port")).running() as proxy:
        yield proxy
