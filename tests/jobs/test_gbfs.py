"""Bike feeds over HTTP: a double of an operator's GBFS server, versions 2 and 3."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from backend.jobs import gbfs
from backend.jobs.gbfs import BikeFeeds, BikeFeedUnavailableError, fetch


class Double(ThreadingHTTPServer):
    """Serves documents by path, each a text and a status."""

    documents: dict[str, tuple[int, str]]
    asked: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: Double

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, text = self.server.documents.get(self.path, (404, ""))
        self.send_response(status)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def double() -> Iterator[Double]:
    server = Double(("127.0.0.1", 0), _Handler)
    server.documents, server.asked = {}, []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def url(double: Double, path: str = "/gbfs.json") -> str:
    return f"http://127.0.0.1:{double.server_port}{path}"


def publish(double: Double, version: int) -> None:
    feeds = {"feeds": [{"name": "station_information", "url": url(double, "/stations.json")}]}
    name: Any = "Gare" if version == 2 else [{"text": "Gare", "language": "fr"}]
    head = {"last_updated": 1, "ttl": 60, "version": f"{version}.0"}
    places = {"stations": [{"station_id": "1", "name": name, "lat": 43.3, "lon": 5.38}]}
    directory = head | {"data": {"fr": feeds} if version == 2 else feeds}
    double.documents = {
        "/gbfs.json": (200, json.dumps(directory)),
        "/stations.json": (200, json.dumps(head | {"data": places})),
    }


@pytest.mark.parametrize("version", [2, 3])
def test_both_versions_are_followed_to_their_stations(double: Double, version: int) -> None:
    publish(double, version)

    assert fetch(url(double)).names == ("Gare",)


@pytest.mark.parametrize("answer", [(503, ""), (200, "<html>"), (200, "[" * 100_000)])
def test_an_unusable_answer_is_said_so(double: Double, answer: tuple[int, str]) -> None:
    double.documents = {"/gbfs.json": answer}

    with pytest.raises(BikeFeedUnavailableError):
        fetch(url(double))


def test_an_endless_answer_is_cut_off(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(double, 3)
    monkeypatch.setattr(gbfs, "MAX_BYTES", 50)

    with pytest.raises(BikeFeedUnavailableError, match="over 50 bytes"):
        fetch(url(double))


def test_what_was_known_stays_while_a_feed_is_away(
    double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(double, 2)
    now_s = [0.0]
    monkeypatch.setattr("backend.jobs.gbfs.time.monotonic", lambda: now_s[0])
    feeds = BikeFeeds({"levelo": url(double)})

    feeds.refresh()
    feeds.refresh()
    assert [system.names for system in feeds.systems()] == [("Gare",)]
    assert double.asked == ["/gbfs.json", "/stations.json"], "once an hour"
    double.documents = {}
    now_s[0] = gbfs.FRESH_S
    feeds.refresh()

    assert [system.names for system in feeds.systems()] == [("Gare",)]


def test_without_a_feed_nothing_is_asked() -> None:
    feeds = BikeFeeds()

    feeds.refresh()

    assert feeds.systems() == ()
