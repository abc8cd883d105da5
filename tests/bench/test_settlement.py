"""A day's settlement is killed for real, again and again, and pays nothing twice."""

import random
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KILLS = 4
MERCHANTS = 60


def test_a_settlement_that_is_killed_goes_on_and_pays_nothing_twice(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "scripts.bench.settlement", "--folder", str(tmp_path / "run"),
        "--merchants", str(MERCHANTS), "--payments", str(MERCHANTS * 4),
    ]  # fmt: skip
    dice = random.Random(20261126)
    killed = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        # Dies in the stage after a random one has been told.
        for _ in range(dice.randint(1, 4)):
            if not process.stdout.readline():
                break
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        process.stdout.close()

    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)

    assert killed > 0
    assert f"{MERCHANTS} transfers, none twice" in done.stdout


def test_schedules_are_played_and_resumed(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "scripts.bench.euro_schedules", "--schedules", "10",
        "--engine", "sqlite", "--workers", "1", "--folder", str(tmp_path),
    ]  # fmt: skip

    first, again = (
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    )

    assert "sqlite: 10 schedules" in first
    assert "0 failed" in first
    summaries = [text.strip().splitlines()[-1].partition("(")[0] for text in (first, again)]
    assert summaries[0] == summaries[1]
