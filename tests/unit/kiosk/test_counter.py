"""An agent's counter, and a sensor: PIN, cards, what waits on disk while the line is down."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend.devices import codes
from backend.devices.codes import AttendedCode, SensorCode
from backend.kernel.cards import card_ref
from backend.kiosk.agents import IDLE, LOCKED, Agents
from backend.kiosk.app import create_app
from backend.kiosk.errors import AgentPINInvalidError
from backend.kiosk.outbox import Outbox, Sent
from backend.kiosk.terminal import Seen, Terminal
from tests.unit.kiosk.conftest import NOON, FakeLink, offline

Pair = tuple[Terminal, FakeLink]
SECRET = "ABCD2345EFGH6789"
DEPOSIT = {"card": f"HTTP://127.0.0.1/C/{SECRET}", "material": "glass", "count": "3", "mass_g": "0"}


@pytest.fixture
def counter(make_terminal: Callable[[str], Pair]) -> Pair:
    """A counter's terminal."""
    return make_terminal("counter")


@pytest.fixture
def agents(tmp_path: Path) -> Agents:
    """Agent 7 with the PIN 2468."""
    found = Agents(tmp_path)
    found.put(7, "2468")
    return found


@pytest.fixture
def page(counter: Pair, agents: Agents) -> TestClient:
    """The counter's page, nobody on duty."""
    return TestClient(create_app(counter[0], agents), base_url="http://127.0.0.1")


def take_post(page: TestClient, pin: str = "2468") -> int:
    return page.post("/agent", data={"number": "7", "pin": pin}).status_code


def test_nothing_is_signed_before_an_agent_took_the_post(page: TestClient, counter: Pair) -> None:
    assert "Prise de poste" in page.get("/").text
    assert page.post("/depot", data=DEPOSIT).status_code == 403
    assert counter[0].outbox.waiting() == []


def test_the_agent_scans_a_card_and_the_deposit_is_sent(page: TestClient, counter: Pair) -> None:
    terminal, link = counter
    take_post(page)

    waiting = page.post("/depot", data=DEPOSIT).text
    terminal.step()
    sent = page.get("/").text

    assert "gardé, pas encore envoyé" in waiting
    assert "compté sur la carte" in sent
    content = codes.read(link.sent[0]).content
    assert isinstance(content, AttendedCode)
    assert (content.count, content.agent, content.card_ref) == (3, 7, card_ref(SECRET))


@pytest.mark.parametrize(
    ("code", "words"),
    [("card_blocked", "refusé : cette carte est bloquée"), ("rare", "refusé : In other words.")],
)
def test_a_refusal_is_said_in_words(page: TestClient, counter: Pair, code: str, words: str) -> None:
    terminal, link = counter
    link.says = Sent(code, "In other words.")
    take_post(page)
    page.post("/depot", data=DEPOSIT)
    terminal.step()

    assert words in page.get("/").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"card": "HTTPS://ELSEWHERE/X"}, "pas une carte"), ({"count": "0"}, "Indiquez un nombre")],
)
def test_what_cannot_be_signed_is_explained(
    page: TestClient, counter: Pair, changes: dict[str, str], words: str
) -> None:
    take_post(page)

    answer = page.post("/depot", data=DEPOSIT | changes)

    assert answer.status_code == 422
    assert words in answer.text
    assert counter[0].outbox.waiting() == []


def test_offline_deposits_wait_on_disk_in_their_order(counter: Pair, tmp_path: Path) -> None:
    terminal, link = counter
    link.error = offline()
    tokens = [terminal.attend(SECRET, Seen("glass", n, 0, 7)) for n in (1, 2, 3)]
    terminal.step()

    # A new process would read the same file.
    assert Outbox(tmp_path / "counter").waiting() == tokens
    link.error = None
    terminal.step()
    assert link.sent == tokens
    assert terminal.outbox.waiting() == []


def test_a_line_that_a_power_cut_halved_is_dropped(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put("WHOLE")
    with (tmp_path / "outbox.jsonl").open("a") as file:
        file.write('"HAL')

    restarted = Outbox(tmp_path)
    restarted.put("NEXT")
    assert restarted.waiting() == ["WHOLE", "NEXT"]


def test_what_the_servers_database_could_not_store_is_sent_again(counter: Pair) -> None:
    terminal, link = counter
    link.says = Sent("database_unavailable", "Not stored.")
    token = terminal.attend(SECRET, Seen("glass", 1, 0, 7))
    terminal.step()

    assert terminal.outbox.waiting() == [token]


def test_five_wrong_pins_lock_the_post_for_five_minutes(agents: Agents) -> None:
    for _ in range(5):
        assert agents.sign_in(7, "0000", now=NOON) is None

    assert agents.sign_in(7, "2468", now=NOON) is None
    assert agents.sign_in(7, "2468", now=NOON + LOCKED) is not None


def test_an_unattended_counter_asks_for_the_pin_again(agents: Agents) -> None:
    word = agents.sign_in(7, "2468", now=NOON)

    assert agents.on_duty(word, now=NOON + IDLE) == 7
    assert agents.on_duty(word, now=NOON + 2 * IDLE + timedelta(seconds=1)) is None


def test_an_agent_who_was_removed_is_off_duty(agents: Agents) -> None:
    word = agents.sign_in(7, "2468", now=NOON)
    agents.remove(7)

    assert agents.on_duty(word, now=NOON) is None
    assert agents.sign_in(7, "2468", now=NOON) is None


@pytest.mark.parametrize("pin", ["", "12", "123456789", "12a4", "１２３４"])
def test_a_pin_is_four_to_eight_digits(agents: Agents, pin: str) -> None:
    with pytest.raises(AgentPINInvalidError):
        agents.put(8, pin)


def test_the_pin_is_nowhere_on_the_disk(agents: Agents, tmp_path: Path) -> None:
    assert "2468" not in (tmp_path / "agents.json").read_text()
    assert (tmp_path / "agents.json").stat().st_mode & 0o077 == 0


def test_a_sensor_signs_what_it_feels(make_terminal: Callable[[str], Pair]) -> None:
    terminal, link = make_terminal("sensor")
    terminal.feel(event="weight", value=820)
    terminal.step()

    content = codes.read(link.sent[0]).content
    assert isinstance(content, SensorCode)
    assert (content.event, content.value, content.counter) == ("weight", 820, 1)


def test_the_agent_prints_a_card_for_somebody_without_a_phone(
    page: TestClient, counter: Pair
) -> None:
    before = page.post("/carte")
    take_post(page)
    new, replaced = page.post("/carte"), page.post("/carte", data={"spare": SECRET})

    assert before.status_code == 403
    assert new.content.startswith(b"%PDF")
    assert replaced.content.startswith(b"%PDF")


def test_without_a_line_no_card_is_made_and_the_page_says_so(
    page: TestClient, counter: Pair
) -> None:
    take_post(page)
    counter[1].error = offline()

    answer = page.post("/carte")

    assert answer.status_code == 503
    assert "une carte se fait en ligne seulement" in answer.text
