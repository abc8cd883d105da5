"""Mutation testing of the contracts: break one line at a time and see whether a test notices.

`audit.sh mutation` runs it: `python -m chain.mutate [--sample 60] [--seed 2026]` with PYTHONPATH=scripts. Each result
is appended to build/mutation/results.jsonl as it comes, so a run that was stopped goes on where it was; delete the file
when tests have changed. A mutant that does not compile is none: the next of the sample takes its place. Killers,
in this order: the unit tests of the contract, the other unit tests with the machine, forge's fuzz and invariants. Exit
status 1 when they kill less than 95 %.
"""

import argparse
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from chain.target import ROOT

WORK = ROOT / "build" / "mutation"
TREE = WORK / "tree"
RESULTS = WORK / "results.jsonl"
TIMEOUT_S = 600
GOAL_PERCENT = 95
SWAPS = (
    (r" < ", " <= "),
    (r" <= ", " < "),
    (r" > ", " >= "),
    (r" >= ", " > "),
    (r" == ", " != "),
    (r" != ", " == "),
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r" \? ([^:]+) : ([^;]+);", r" ? \2 : \1;"),
    (r" (restricted|onlyKind\(\w+\))", ""),
    (r" \+= ", " = "),
    (r"\+\+(\w+);", r"\1;"),
)
DECLARES = re.compile(r"^(?:u?int\d*|bool|bytes\d*|address|return|using|import|pragma|error|event|mapping|[A-Z]\w* )")
"""How statements begin that cannot simply be left out."""
UNITS = {"RewardIssuer": ["RewardIssuer"], "RuleBook": ["RuleBook"], "RedemptionDesk": ["RedemptionDesk"]}


@dataclass(frozen=True)
class Mutant:
    """One changed line."""

    file: str
    line: int
    before: str
    after: str


def mutants() -> list[Mutant]:
    """Return every mutant of every contract, in the order of the sources."""
    sources = sorted((ROOT / "contracts").rglob("*.sol"))
    return [found for path in sources if path.parent.name != "interfaces" for found in _of(path)]


def _of(path: Path) -> Iterator[Mutant]:
    is_statement = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = line.strip()
        if not code or code.startswith(("//", "/*", "*", "import", "pragma", "using", "type ")):
            continue
        for after in dict.fromkeys(_changes(line, is_statement=is_statement)):
            yield Mutant(str(path.relative_to(ROOT)), number, code, after.strip())
        # A line that goes on with the one before cannot be left out alone.
        is_statement = code.endswith((";", "{", "}"))


def _changes(line: str, *, is_statement: bool) -> Iterator[str]:
    code = line.split("//", maxsplit=1)[0].rstrip()
    for pattern, put in SWAPS:
        for match in re.finditer(pattern, code):
            yield code[: match.start()] + match.expand(put) + code[match.end() :]
    if is_statement and code.endswith(";") and not DECLARES.match(code.strip()) and line.startswith(" " * 8):
        yield "{}"


def sample(size: int, seed: int) -> Iterator[Mutant]:
    """Return the mutants in a seeded order; the caller stops after as many as compile."""
    everything = mutants()
    print(f"{len(everything)} mutants in all, {size} sampled with seed {seed}")
    yield from random.Random(seed).sample(everything, len(everything))  # noqa: S311 - a sample, no secret


def judge(mutant: Mutant) -> str:
    """Return which tests notice the mutant: `invalid` when it does not compile, `survived` when none does."""
    path = TREE / mutant.file
    lines = path.read_text().splitlines()
    original = lines[mutant.line - 1]
    lines[mutant.line - 1] = original[: len(original) - len(original.lstrip())] + mutant.after
    path.write_text("\n".join(lines) + "\n")
    try:
        return _killer(path)
    finally:
        shutil.copy(ROOT / mutant.file, path)


def _killer(path: Path) -> str:
    """Return which tests notice what is wrong in a contract of the tree."""
    if not _passes([_forge(), "build", "contracts", "--out", "out", "--cache-path", "out-cache"]):
        return "invalid"
    units = UNITS.get(path.stem, ["RedemptionDesk"] if path.parent.name == "desk" else ["EcoToken", "RewardIssuer"])
    own = [f"unit/{name}" for name in units]
    others = [
        f"unit/{name}" for name in ("EcoToken", "RewardIssuer", "RuleBook", "RedemptionDesk") if name not in units
    ]
    looked_at = ("roles", "events", "leaked_keys", "admin", "check")
    deployment = [f"unit/deployment/test_{name}.py" for name in looked_at]
    if not _pytest(own):
        return "units"
    if not _pytest([*others, "stateful", *deployment]):
        return "other units"
    return "survived" if _passes([_forge(), "test"]) else "forge"


def prepare() -> None:
    """Make the tree that is broken: copies of what changes, links to what does not."""
    for name in ("contracts", "scripts", "tests/contracts"):
        # What forge compiled last time stays beside them.
        shutil.rmtree(TREE / name, ignore_errors=True)
        shutil.copytree(ROOT / name, TREE / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "foundry.toml", TREE)
    for name in ("node_modules", "backend", ".cache"):
        if not (TREE / name).exists():
            (TREE / name).symlink_to(ROOT / name)


def main() -> None:
    """Judge the sample, go on from earlier results, print the score and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    prepare()
    if _killer(TREE / "contracts/EcoToken.sol") != "survived":
        sys.exit("The tests fail on the contracts as they are: nothing can be judged.")
    known = {json.dumps(row["mutant"]): row["result"] for row in _rows()}
    results: list[tuple[Mutant, str]] = []
    for mutant in sample(given.sample, given.seed):
        result = known.get(json.dumps(asdict(mutant))) or judge(mutant)
        if json.dumps(asdict(mutant)) not in known:
            with RESULTS.open("a") as out:
                out.write(json.dumps({"mutant": asdict(mutant), "result": result}) + "\n")
        if result != "invalid":
            results.append((mutant, result))
        if len(results) == given.sample:
            break
    _report(results)


def _report(results: list[tuple[Mutant, str]]) -> None:
    survivors = [mutant for mutant, result in results if result == "survived"]
    killed = len(results) - len(survivors)
    print(f"{killed} of {len(results)} mutants killed")
    for mutant in survivors:
        print(f"survived: {mutant.file}:{mutant.line}: {mutant.before}  ->  {mutant.after}")
    if killed * 100 < GOAL_PERCENT * len(results):
        sys.exit(1)


def _rows() -> list[dict[str, object]]:
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def _pytest(places: list[str]) -> bool:
    python = ROOT / ".venv-contracts/bin/python"
    options = ["-x", "-q", "-p", "chain.on_anvil", "-p", "no:pytest-brownie", "-p", "no:cacheprovider"]
    return _passes([str(python), "-W", "ignore", "-m", "pytest", *options, *[f"tests/contracts/{p}" for p in places]])


def _passes(command: list[str]) -> bool:
    # `audit.sh` sets the deep profile for itself.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOUNDRY_")}
    environment = {
        **kept,
        "HOME": str(WORK),
        "PYTHONPATH": "scripts",
        "CALANQUE_FORGE_OUT": "out",
        # Compiles in a third of the time; what a line means does not depend on the pipeline.
        "FOUNDRY_VIA_IR": "false",
    }
    try:
        done = subprocess.run(command, cwd=TREE, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        # A loop that never ends is noticed by anyone.
        return False
    return done.returncode == 0


def _forge() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    return str(ROOT / f"node_modules/@foundry-rs/forge-{platform.system().lower()}-{machine}/bin/forge")


if __name__ == "__main__":
    main()
