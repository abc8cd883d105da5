"""Results that are kept on disk, so that a long run goes on after a kill.

A result belongs to the code that made it: the file's name carries a fingerprint of every
module of the project that was loaded, and of the data files that it names.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).parents[1]
Task: TypeAlias = tuple[Any, ...]
"""JSON-safe arguments of one piece of work."""


def fingerprint(data: Iterable[Path] = ()) -> str:
    """Return 12 hex digits that change with these files and any module of ours that was loaded."""
    files = set(data)
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path and Path(path).is_relative_to(ROOT) and ".venv" not in Path(path).parts:
            files.add(Path(path))
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


class Record:
    """Answers of finished tasks, one JSON line each."""

    def __init__(self, folder: Path, data: Iterable[Path] = ()) -> None:
        """Read what earlier runs of the same code have finished."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{fingerprint(data)}.jsonl"
        self._answers: dict[str, Any] = {}
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                # A line that a kill cut short is work to do again.
                if line.endswith("}"):
                    found = json.loads(line)
                    self._answers[json.dumps(found["task"])] = found["answer"]

    def work(
        self, pool: ProcessPoolExecutor, do: Callable[..., Any], tasks: Iterable[Task]
    ) -> list[Any]:
        """Return the answers of all tasks, computing those that are missing."""
        wanted = [(do.__name__, *task) for task in tasks]
        keys = [json.dumps(task) for task in wanted]
        missing = [k for k, key in enumerate(keys) if key not in self._answers]
        running = {pool.submit(do, *wanted[k][1:]): k for k in missing}
        for done in as_completed(running):
            k = running[done]
            self._answers[keys[k]] = done.result()
            with self.path.open("a") as file:
                file.write(json.dumps({"task": wanted[k], "answer": done.result()}) + "\n")
        return [self._answers[key] for key in keys]
