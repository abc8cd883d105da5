"""The proxy does to connections what it says, and nothing else."""

import http.client
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.faults.processes.stack import short_folder
from tests.support.proxy import Fault, FaultProxy

BODY = b"x" * 2_000
PATIENCE_S = 0.4


class Echo(BaseHTTPRequestHandler):
    """Answers every request with what was posted, on a connection that stays open."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(body)  # type: ignore[attr-defined]  # of both servers below
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        """Say nothing: the output of tests is for failures."""


class TCPEcho(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.asked: list[bytes] = []


class UnixEcho(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Echo)
        self.asked: list[bytes] = []


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


@pytest.fixture
def upstream() -> Iterator[TCPEcho]:
    with TCPEcho() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def upstream_port(upstream: TCPEcho) -> int:
    return int(upstream.server_address[1])


@pytest.fixture
def caller(fault_proxy: FaultProxy) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", fault_proxy.port, timeout=PATIENCE_S)
    yield connection
    connection.close()


def _post(connection: http.client.HTTPConnection, body: bytes = BODY) -> bytes:
    connection.request("POST", "/", body)
    return connection.getresponse().read()


def test_without_a_fault_everything_passes_over_one_connection(
    fault_proxy: FaultProxy, upstream: TCPEcho, caller: http.client.HTTPConnection
) -> None:
    answers = [_post(caller, body) for body in (b"one", b"two", BODY)]

    assert answers == [b"one", b"two", BODY] == upstream.asked
    assert fault_proxy.connections == 1
    assert fault_proxy.struck == {Fault.NONE: 3}


@pytest.mark.parametrize(
    ("fault", "error", "reaches_upstream"),
    [
        (Fault.REFUSE, ConnectionError, 0),
        (Fault.BLACK_HOLE, TimeoutError, 0),
        (Fault.CUT_REPLY, ConnectionError, 1),
        (Fault.TRUNCATE, http.client.IncompleteRead, 1),
    ],
)
def test_a_request_fails_in_the_way_of_its_fault(
    fault_proxy: FaultProxy,
    upstream: TCPEcho,
    caller: http.client.HTTPConnection,
    fault: Fault,
    error: type[Exception],
    reaches_upstream: int,
) -> None:
    fault_proxy.fault = fault

    with pytest.raises(error):
        _post(caller)

    assert upstream.asked == [BODY] * reaches_upstream
    fault_proxy.fault = Fault.NONE
    caller.close()
    assert _post(caller) == BODY


def test_a_fault_strikes_in_the_middle_of_a_connection(
    fault_proxy: FaultProxy, upstream: TCPEcho, caller: http.client.HTTPConnection
) -> None:
    _post(caller)
    fault_proxy.fault = Fault.CUT_REPLY

    with pytest.raises(ConnectionError):
        _post(caller)

    assert upstream.asked == [BODY, BODY]


def test_a_duplicated_request_arrives_twice_and_is_answered_once(
    fault_proxy: FaultProxy, upstream: TCPEcho, caller: http.client.HTTPConnection
) -> None:
    fault_proxy.fault = Fault.DUPLICATE

    assert _post(caller, b"once") == b"once"
    assert upstream.asked == [b"once", b"once"]


def test_a_delayed_answer_is_late_and_whole(
    fault_proxy: FaultProxy, caller: http.client.HTTPConnection
) -> None:
    fault_proxy.fault, fault_proxy.delay_s = Fault.DELAY, PATIENCE_S / 2
    began_s = time.monotonic()

    assert _post(caller) == BODY
    assert time.monotonic() - began_s >= PATIENCE_S / 2


def test_an_upstream_that_closed_in_between_is_opened_again(
    fault_proxy: FaultProxy, upstream_port: int
) -> None:
    # One request per connection on the upstream's side, several on the caller's.
    Echo.protocol_version = "HTTP/1.0"
    try:
        caller = http.client.HTTPConnection("127.0.0.1", fault_proxy.port, timeout=PATIENCE_S)
        assert [_post(caller, b"one"), _post(caller, b"two")] == [b"one", b"two"]
        caller.close()
    finally:
        Echo.protocol_version = "HTTP/1.1"


def test_unix_sockets_pass_too() -> None:
    with short_folder() as folder, UnixEcho(folder / "up.sock") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with FaultProxy(folder / "up.sock", listen=folder / "door.sock").running() as proxy:
            caller = UnixConnection(folder / "door.sock")
            assert _post(caller) == BODY
            proxy.fault = Fault.CUT_REPLY
            with pytest.raises(ConnectionError):
                _post(caller)
            caller.close()
        server.shutdown()
        assert server.asked == [BODY, BODY]
