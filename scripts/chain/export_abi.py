"""Writes the ABIs that the backend uses from Brownie's artifacts: backend/chain/abi/<Contract>.json.

Plain Python, no Brownie: `python scripts/chain/export_abi.py [--check]`. With `--check` it only compares.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "build" / "contracts"
TARGET = ROOT / "backend" / "chain" / "abi"
EXPORTED = ("EcoToken", "RewardIssuer", "RuleBook", "RedemptionDesk", "PointsAccessManager")


def rendered(name: str) -> str:
    """Return the committed form of a contract's ABI."""
    abi = json.loads((ARTIFACTS / f"{name}.json").read_text())["abi"]
    return json.dumps(abi, indent=1, sort_keys=True) + "\n"


def stale() -> list[str]:
    """Return the contracts whose committed ABI differs from the compiled one."""
    files = {name: TARGET / f"{name}.json" for name in EXPORTED}
    return [name for name, file in files.items() if not file.exists() or file.read_text() != rendered(name)]


def main() -> None:
    """Export, or compare with `--check` and exit 1 on a difference."""
    if "--check" in sys.argv:
        different = stale()
        if different:
            sys.exit(f"backend/chain/abi is out of date for {different}: run scripts/chain/export_abi.py")
        return
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in EXPORTED:
        (TARGET / f"{name}.json").write_text(rendered(name))


if __name__ == "__main__":
    main()
