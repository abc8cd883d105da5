"""The measuring scripts of the rules run, at a tiny scale."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"scripts.bench.{script}", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def test_bench_prints_rates_with_their_spread() -> None:
    output = run("rules", "--acts", "2000", "--rounds", "2")

    assert "evaluation with explanation lines" in output
    assert output.count("acts/s") == 3
    assert "GiB" in output


def test_fuzz_counts_documents_and_rulebooks() -> None:
    output = run("rules_fuzz", "--documents", "40", "--rulebooks", "5", "--campaigns", "20")

    assert "refused" in output
    assert "different" not in output
