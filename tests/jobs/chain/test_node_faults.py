import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from backend.chain import node as node_module
from backend.chain.errors import NodeUnavailableError
from backend.chain.node import HTTPNode
from backend.chain.pool import NodePool
from backend.chain.roster import Roster
from tests.support.proxy import Fault, FaultProxy

GENESIS = "0x" + "ab" * 32
RAW = "0x02"
TX_HASH = "0x" + "cd" * 32
SILENT = (Fault.REFUSE, Fault.BLACK_HOLE, Fault.CUT_REPLY, Fault.TRUNCATE)


class Upstream(ThreadingHTTPServer):
    """A node in a few lines: it knows block 0 and what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent: list[str] = []

    def answer(self, method: str, params: list[Any]) -> Any:
        block = {
            "number": "0x0",
            "hash": GENESIS,
            "parentHash": "0x" + "00" * 32,
            "timestamp": "0x1",
        }
        match method:
            case "eth_chainId":
                return "0x1"
            case "eth_getBlockByNumber":
                return block
            case "eth_sendRawTransaction":
                self.sent.append(params[0])
                return TX_HASH
            case "eth_getTransactionByHash":
                return {"hash": TX_HASH, "input": "0x"} if self.sent else None
        raise AssertionError(method)


class _Handler(BaseHTTPRequestHandler):
    server: Upstream

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.server.answer(asked["method"], asked["params"])
        body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the output of tests is for failures."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def upstream_port(upstream: Upstream) -> int:
    return int(upstream.server_address[1])


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "TIMEOUT_S", 0.5)


@pytest.mark.parametrize("fault", SILENT)
def test_a_broken_connection_is_an_absent_node(fault_proxy: FaultProxy, fault: Fault) -> None:
    fault_proxy.fault = fault

    with pytest.raises(NodeUnavailableError):
        HTTPNode(fault_proxy.url).head()


def test_a_late_answer_within_patience_is_an_answer(fault_proxy: FaultProxy) -> None:
    fault_proxy.fault = Fault.DELAY

    assert HTTPNode(fault_proxy.url).head().hash == GENESIS


def test_a_lost_reply_to_a_send_is_found_by_asking_for_the_hash(
    fault_proxy: FaultProxy, upstream: Upstream
) -> None:
    node = HTTPNode(fault_proxy.url)
    fault_proxy.fault = Fault.CUT_REPLY
    with pytest.raises(NodeUnavailableError):
        node.send(RAW)

    fault_proxy.fault = Fault.NONE

    assert upstream.sent == [RAW]
    assert node.is_known(TX_HASH)


def test_bytes_that_arrive_twice_are_the_same_bytes(
    fault_proxy: FaultProxy, upstream: Upstream
) -> None:
    fault_proxy.fault = Fault.DUPLICATE

    assert HTTPNode(fault_proxy.url).send(RAW) == ""
    assert set(upstream.sent) == {RAW}


@pytest.mark.parametrize("fault", SILENT)
def test_the_pool_goes_on_with_another_node(
    fault_proxy: FaultProxy, upstream_port: int, fault: Fault
) -> None:
    pool = NodePool(
        Roster(
            [fault_proxy.url, f"http://127.0.0.1:{upstream_port}"], chain_id=1, genesis_hash=GENESIS
        )
    )
    pool.check()
    fault_proxy.fault = fault

    assert pool.head().hash == GENESIS
    assert [member.failures for member in pool.members] == [1, 0]


def test_the_pool_returns_to_the_preferred_node_once_it_is_well(
    fault_proxy: FaultProxy, upstream_port: int
) -> None:
    now_s = [0.0]
    pool = NodePool(
        Roster(
            [fault_proxy.url, f"http://127.0.0.1:{upstream_port}"],
            chain_id=1,
            genesis_hash=GENESIS,
            monotonic=lambda: now_s[0],
        )
    )
    fault_proxy.fault = Fault.REFUSE
    pool.head()
    fault_proxy.fault = Fault.NONE
    now_s[0] += 2.0
    before = fault_proxy.connections

    pool.head()

    assert fault_proxy.connections > before
    assert pool.members[0].failures == 0
