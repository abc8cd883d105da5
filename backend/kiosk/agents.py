"""The agents of a counter: a number and a PIN each, kept on the counter's own disk."""

import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pwdlib.hashers.argon2 import Argon2Hasher

from backend.kiosk.errors import AgentPINInvalidError, FolderInvalidError

IDLE = timedelta(minutes=15)
"""A counter that nobody used for so long asks for the PIN again."""
TRIES = 5
LOCKED = timedelta(minutes=5)
MAX_AGENT = 9_999
_PIN = re.compile(r"[0-9]{4,8}", re.ASCII)
_OWNER_ONLY = 0o600
_HASHER = Argon2Hasher()


@dataclass(slots=True)
class _Turn:
    agent: int
    seen_at: datetime


class Agents:
    """Who may sign at this counter, and who does now.

    Args:
        folder: The terminal's.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "agents.json"
        self._turns: dict[str, _Turn] = {}
        self._failures = 0
        self._locked_until: datetime | None = None

    def numbers(self) -> tuple[int, ...]:
        """Return the agents that are known, by number."""
        return tuple(sorted(int(number) for number in self._read()))

    def put(self, number: int, pin: str) -> None:
        """Add an agent, or give one a new PIN.

        Raises:
            AgentPINInvalidError: The PIN is not 4 to 8 digits, or the number out of range.
        """
        if not _PIN.fullmatch(pin) or not 1 <= number <= MAX_AGENT:
            raise AgentPINInvalidError
        self._write(self._read() | {str(number): _HASHER.hash(pin)})

    def remove(self, number: int) -> None:
        """Take an agent off the counter."""
        self._write({n: h for n, h in self._read().items() if n != str(number)})
        self._turns = {t: turn for t, turn in self._turns.items() if turn.agent != number}

    def sign_in(self, number: int, pin: str, *, now: datetime) -> str | None:
        """Begin an agent's turn.

        Returns:
            The word for the browser's cookie; `None` for a wrong PIN, and for any within
            five minutes after five wrong ones.
        """
        if self._locked_until is not None and now < self._locked_until:
            return None
        hashed = self._read().get(str(number))
        if hashed is None or not _HASHER.verify(pin, hashed):
            self._failures += 1
            if self._failures >= TRIES:
                self._failures, self._locked_until = 0, now + LOCKED
            return None
        self._failures, self._locked_until = 0, None
        word = secrets.token_urlsafe(24)
        self._turns = {word: _Turn(number, now)}
        return word

    def is_locked(self, now: datetime) -> bool:
        """Tell whether too many wrong PINs were tried."""
        return self._locked_until is not None and now < self._locked_until

    def on_duty(self, word: str | None, *, now: datetime) -> int | None:
        """Return the agent whose turn it is, and note that they are there."""
        turn = self._turns.get(word or "")
        if turn is None or now - turn.seen_at > IDLE:
            return None
        turn.seen_at = now
        return turn.agent

    def sign_out(self) -> None:
        """End the turn."""
        self._turns.clear()

    def _read(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        try:
            return {str(n): str(h) for n, h in json.loads(self._path.read_text()).items()}
        except (ValueError, AttributeError) as error:
            raise FolderInvalidError(str(self._path)) from error

    def _write(self, agents: dict[str, str]) -> None:
        draft = self._path.with_suffix(".draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(descriptor, "w") as file:
            json.dump(agents, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
