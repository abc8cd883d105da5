"""What a terminal signed for the server and could not yet deliver; survives a power cut."""

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from backend.kiosk.errors import FolderInvalidError

BATCH = 100
"""Most that the server takes in one request (api/witnesses.py)."""
_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server said of one signed message.

    Attributes:
        state: pending, accepted, stored, repeated, or a code that says why not.
        detail: Why not, in words.
    """

    state: str
    detail: str = ""


class Outbox:
    """A queue on disk: one signed message a line, appended before it is shown as taken.

    Args:
        folder: The terminal's.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "outbox.jsonl"
        self._lock = threading.Lock()
        self._answers: dict[str, Sent] = {}
        self._drop_half_line()

    def put(self, token: str) -> None:
        """Keep a message until the server has it; it is on disk when this returns."""
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(token) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def waiting(self) -> list[str]:
        """Return what is to be sent, oldest first.

        Raises:
            FolderInvalidError: The file is damaged.
        """
        with self._lock:
            return self._read()

    def answered(self, answers: dict[str, Sent]) -> None:
        """Forget what the server has answered; its answers can be asked for a while."""
        with self._lock:
            kept = [token for token in self._read() if token not in answers]
            draft = self._path.with_suffix(".draft")
            with draft.open("w") as file:
                file.writelines(json.dumps(token) + "\n" for token in kept)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
            self._answers |= answers
            for token in list(self._answers)[:-_REMEMBERED]:
                del self._answers[token]

    def answer(self, token: str) -> Sent | None:
        """Return what the server said of a message, `None` while it waits."""
        with self._lock:
            return self._answers.get(token)

    def _read(self) -> list[str]:
        if not self._path.exists():
            return []
        try:
            return [str(json.loads(line)) for line in self._path.read_text().splitlines()]
        except ValueError as error:
            raise FolderInvalidError(str(self._path)) from error

    def _drop_half_line(self) -> None:
        """Cut off what a power cut left of a message; nobody was told that it was taken."""
        if self._path.exists():
            text = self._path.read_text()
            with self._path.open("r+") as file:
                file.truncate(text.rfind("\n") + 1)
