"""A TCP proxy that breaks connections on purpose, in ways that networks do."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

import pytest

CHUNK_BYTES = 65_536
START_S = 5.0


class Fault(StrEnum):
    """What happens to a connection."""

    NONE = "none"
    """It is passed on unchanged."""
    REFUSE = "refuse"
    """It is closed at once."""
    BLACK_HOLE = "black_hole"
    """The request is read and never answered."""
    CUT_REPLY = "cut_reply"
    """The upstream gets the request and answers; the caller gets nothing."""
    TRUNCATE = "truncate"
    """Half of the first piece of the answer arrives, then the connection ends."""
    DUPLICATE = "duplicate"
    """The upstream gets the request twice, as after a retry on the way; one answer comes back."""
    DELAY = "delay"
    """The answer is late by `delay_s`."""


class FaultProxy:
    """Passes TCP connections on to one upstream, with faults.

    Args:
        upstream_port: Port on the loopback interface.
    """

    def __init__(self, upstream_port: int) -> None:
        self.fault = Fault.NONE
        self.delay_s = 0.2
        self.connections = 0
        self.port = 0
        self._upstream_port = upstream_port
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
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
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
        fault = self.fault
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                if fault is not Fault.REFUSE:
                    await self._pass_on(fault, reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _pass_on(
        self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # One request per connection is enough: callers open a new one after each fault.
        request = await _read_request(reader)
        if fault is Fault.BLACK_HOLE:
            await reader.read()
            return
        answer = await self._ask_upstream(request)
        if fault is Fault.DUPLICATE:
            await self._ask_upstream(request)
        if fault is Fault.DELAY:
            await asyncio.sleep(self.delay_s)
        if fault is Fault.CUT_REPLY:
            return
        writer.write(answer[: len(answer) // 2] if fault is Fault.TRUNCATE else answer)
        await writer.drain()

    async def _ask_upstream(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        writer.write(request)
        await writer.drain()
        try:
            return await reader.read()
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one HTTP request and ask for the connection to close after its answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    kept = []
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() != b"connection" and line:
            kept.append(line)
    body = await reader.readexactly(length) if length else b""
    return b"\r\n".join([*kept, b"Connection: close", b"", b""]) + body


@pytest.fixture
def fault_proxy(request: pytest.FixtureRequest) -> Iterator[FaultProxy]:
    """A proxy before the port that the fixture `upstream_port` gives."""
    with FaultProxy(request.getfixturevalue("upstream_port")).running() as proxy:
        yield proxy
