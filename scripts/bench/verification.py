"""CPU time to verify one claim apart from the database: read, signature, window, verdict, doubt.

Run: make bench-codes
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.actions.rules import Witness
from backend.actions.verifiers import VERIFIERS
from backend.devices import codes, rules
from backend.review.rules import Doubtful, History, Limits, Seen, assess
from backend.workflows.code_evidence import evidence_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOAL_MS = 1.0
PLACE = ("s", ("glass",), "13055", None, 43_285_000, 5_350_000)
PAST = [
    Seen(NOW - timedelta(hours=9 * n), "P2", "glass", 1, distance_m=800, units=200)
    for n in range(1, 60)
]
"""A month of somebody who recycles every nine hours: longer than any honest history."""

CODES: dict[str, tuple[str, str]] = {
    "slot": ("kiosk", codes.encode_slot(KEY, device=12, slot=codes.slot_of(NOW), seq=0)),
    "deposit": (
        "bin",
        codes.encode_deposit(
            KEY, device=12, counter=7, material="glass", count=3, mass_g=900, issued_at=NOW
        ),
    ),
    "attended": (
        "counter",
        codes.encode_attended(
            KEY,
            device=12,
            counter=8,
            material="glass",
            count=3,
            mass_g=900,
            card_ref="00112233445566ff",
            agent=7,
            issued_at=NOW,
        ),
    ),
    "item": (
        "bin",
        codes.encode_item(
            KEY, device=12, counter=9, material="glass", serial="CUP-1", issued_at=NOW
        ),
    ),
    "sticker": ("sticker", codes.encode_sticker(KEY, device=12, issued_at=NOW)),
}


def verification(kind: str) -> Callable[[], str]:
    """Return all the work on a claim of a kind that is not the database's."""
    device, token = CODES[kind]
    witness = Witness(device, *PLACE)

    def run() -> str:
        content = codes.verify(codes.read(token), PUBLIC)
        freshness = rules.freshness(content, now=NOW, windows=rules.Windows())
        evidence = evidence_of(content, received_at=NOW)
        judgement = VERIFIERS[kind].judge(evidence, witness)
        doubt = assess(
            Doubtful(NOW, str(judgement.level), "glass", 3, 600), History(PAST), Limits()
        )
        return f"{freshness} {judgement.state} {doubt.points}"

    return run


def cpu_ms(run: Callable[[], str], rounds: int) -> tuple[float, float]:
    """Return median and 99th percentile of the CPU time of one call. Unit: milliseconds."""
    spent = []
    for _ in range(rounds):
        started = time.thread_time_ns()
        run()
        spent.append((time.thread_time_ns() - started) / 1e6)
    return statistics.median(spent), statistics.quantiles(spent, n=100)[-1]


def main() -> int:
    """Print the table; exit 1 when a median is above the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    rounds = parser.parse_args().rounds
    is_good = True
    for kind in CODES:
        median, p99 = cpu_ms(verification(kind), rounds)
        print(f"  {kind:8} median {median:.3f} ms, 99th percentile {p99:.3f} ms of CPU")
        is_good &= median <= GOAL_MS
    print(f"Goal {GOAL_MS} ms: {'met' if is_good else 'FAILED'} ({rounds} claims of each kind)")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
