"""A terminal whose server is played by hand."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.kernel.errors import EcoError, UnavailableError
from backend.kiosk.outbox import Sent
from backend.kiosk.store import Identity, Store
from backend.kiosk.terminal import Terminal, open_terminal

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class FakeLink:
    """Implements Link; a test sets what it answers."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.at = NOON
        self.error: EcoError | None = None
        self.used: dict[int, int] = {}
        self.beats: list[tuple[str, ...]] = []
        self.enrolled: list[tuple[str, str]] = []
        self.sent: list[str] = []
        self.says = Sent("pending")

    def now(self) -> datetime:
        return self.at

    def enrol(self, code: str, public_key: str) -> Identity:
        self._answer()
        self.enrolled.append((code, public_key))
        return Identity(
            number=12,
            kind=self.kind,
            name="Borne 12",
            station_name="Point tri place de la Fontaine",
            commune_name="Aubagne",
            materials=("glass", "packaging"),
            capacity_per_slot=2,
            public_url="http://127.0.0.1:8000",
        )

    def heartbeat(self, number: int, tokens: tuple[str, ...]) -> None:
        self._answer()
        self.beats.append(tokens)

    def used_seq(self, number: int, slot: int) -> int:
        self._answer()
        return self.used.get(slot, -1)

    def send(self, tokens: Sequence[str]) -> list[Sent]:
        self._answer()
        self.sent += tokens
        return [self.says for _ in tokens]

    def cards(self, number: int, spare: str | None) -> list[str]:
        self._answer()
        return ["ABCD2345EFGH6789"] if spare else ["ABCD2345EFGH6789", "JKLM2345NPQR6789"]

    def _answer(self) -> None:
        if self.error is not None:
            raise self.error


def offline() -> EcoError:
    return UnavailableError("server", "The server does not answer.")


OpenStore = Callable[[Path], Store]


@pytest.fixture
def open_store() -> Iterator[OpenStore]:
    stores: list[Store] = []

    def open_it(folder: Path) -> Store:
        stores.append(Store(folder))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def make_terminal(
    tmp_path: Path, open_store: OpenStore
) -> Callable[[str], tuple[Terminal, FakeLink]]:
    def make(kind: str) -> tuple[Terminal, FakeLink]:
        store, link = open_store(tmp_path / kind), FakeLink(kind)
        return open_terminal(store, link, key=store.key(), enrolment_code="ABCD"), link

    return make


@pytest.fixture
def kiosk(make_terminal: Callable[[str], tuple[Terminal, FakeLink]]) -> tuple[Terminal, FakeLink]:
    return make_terminal("kiosk")
