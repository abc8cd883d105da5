"""No test reaches another machine."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest


class OutsideConnectionError(RuntimeError):
    """A test tried to open a connection to another machine."""


def _refuse_outside(address: object) -> None:
    if not isinstance(address, tuple):
        return  # A Unix socket is on this machine by nature.
    host = str(address[0])
    try:
        is_local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = host == "localhost"
    if not is_local:
        raise OutsideConnectionError(f"a test may connect to this machine only, not to {host}")


@pytest.fixture(scope="session", autouse=True)
def only_local_connections() -> Iterator[None]:
    """Let sockets of the test process reach the loopback interface and nothing else."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_outside(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_outside(address)
        return connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        yield
