"""Attacks the codes a million times: photos, relays, forgeries, stickers, objects brought again.

Everything but the table of used codes is the real thing: `codes.read`, `codes.verify`,
`rules.freshness` and the order in which the intake applies them. Run: make attack-codes
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.actions.verifiers import sticker
from backend.devices import codes, rules
from backend.devices.codes import SlotCode
from backend.kernel.errors import EcoError
from scripts.record import Record

START = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
WINDOWS = rules.Windows()
CAPACITY = 6
"""Codes that an online kiosk shows within 30 s (models.Device.capacity_per_slot)."""
KIOSKS = 40
MAX_TOKENS = 50_000
"""Remembered signatures; more would only cost memory."""
PIECE = 50_000
"""Attempts against one town; one piece of work."""
PHONES = 200
"""People around a sticker who try it in turn."""


@dataclass(slots=True)
class Door:
    """The intake with a set in place of the unique column `claim.code_key`."""

    keys: dict[int, bytes]
    used: set[str] = field(default_factory=set)
    taken: Counter[tuple[int, int]] = field(default_factory=Counter)

    def answer(self, text: str, now: datetime) -> str:
        """Return "accepted", or why not."""
        try:
            unverified = codes.read(text)
            code = codes.verify(unverified, self.keys[unverified.device])
        except EcoError as error:
            return error.code
        except KeyError:
            return "device_unknown"
        freshness = rules.freshness(code, now=now, windows=WINDOWS)
        if freshness is not rules.Freshness.FRESH:
            return freshness.value
        return self._take(code, codes.code_key(code))

    def sticker(self, text: str, who: str, at: datetime, away_m: int, accuracy_m: int) -> str:
        """Answer somebody who scans a sticker and says how far from it they are."""
        try:
            unverified = codes.read(text)
            code = codes.verify(unverified, self.keys[unverified.device])
        except EcoError as error:
            return error.code
        if not sticker.is_near_enough(away_m, accuracy_m):
            return "sticker_too_far"
        return self._take(code, sticker.claim_key(code.device, who, at, is_near=True))

    def _take(self, code: codes.Code, key: str) -> str:
        if key in self.used:
            return "code_already_used"
        self.used.add(key)
        if isinstance(code, SlotCode):
            self.taken[code.device, code.slot] += 1
        return "accepted"


@dataclass(slots=True)
class Town:
    """Kiosks, their keys, and the honest use that attackers watch."""

    draw: random.Random
    kiosks: dict[int, Ed25519PrivateKey]
    door: Door
    tokens: dict[tuple[int, int, int], str] = field(default_factory=dict)
    count: int = 0

    def moment(self) -> tuple[int, datetime]:
        """Pick a kiosk and an instant of the month."""
        at = START + timedelta(milliseconds=self.draw.randrange(30 * 86_400_000))
        return self.draw.randrange(1, KIOSKS + 1), at

    def token(self, device: int, at: datetime, seq: int = 0) -> str:
        """Return what a kiosk shows at an instant."""
        wanted = (device, codes.slot_of(at), seq)
        if wanted not in self.tokens:
            self.tokens[wanted] = codes.encode_slot(
                self.kiosks[device], device=device, slot=wanted[1], seq=seq
            )
        return self.tokens[wanted]

    def sticker(self, device: int) -> str:
        """Return the sticker beside a kiosk; it never changes."""
        wanted = (device, -1, 0)
        if wanted not in self.tokens:
            self.tokens[wanted] = codes.encode_sticker(
                self.kiosks[device], device=device, issued_at=START
            )
        return self.tokens[wanted]

    def item(self, device: int, number: str, at: datetime) -> str:
        """Let a machine sign that it took an object."""
        self.count += 1
        return codes.encode_item(
            self.kiosks[device],
            device=device,
            counter=self.count,
            material="glass",
            serial=number,
            issued_at=at,
        )

    def attended(self, device: int, at: datetime) -> str:
        """Let an agent sign a deposit for a card."""
        self.count += 1
        return codes.encode_attended(
            self.kiosks[device],
            device=device,
            counter=self.count,
            material="glass",
            count=1,
            mass_g=400,
            card_ref=self.draw.randbytes(8).hex(),
            agent=7,
            issued_at=at,
        )

    def honest(self, device: int, at: datetime) -> str:
        """Let somebody use the code on screen, and return it."""
        token = self.token(device, at)
        self.door.answer(token, at + timedelta(seconds=2))
        return token


def found_town(seed: int) -> Town:
    """Make the kiosks of a town; the same seed makes the same ones."""
    draw = random.Random(seed)  # noqa: S311 - attackers must be replayable
    kiosks = {
        n: Ed25519PrivateKey.from_private_bytes(draw.randbytes(32)) for n in range(1, KIOSKS + 1)
    }
    keys = {number: key.public_key().public_bytes_raw() for number, key in kiosks.items()}
    return Town(draw, kiosks, Door(keys))


def photo(town: Town) -> str:
    """Send a photo of a used code to friends, who scan it within five minutes."""
    device, at = town.moment()
    token = town.honest(device, at)
    return town.door.answer(token, at + timedelta(seconds=3 + town.draw.randrange(300)))


def replay(town: Town) -> str:
    """Send a used code again in another spelling."""
    device, at = town.moment()
    token = town.honest(device, at)
    spelled = town.draw.choice(
        (
            token.lower(),
            codes.url_of(token, "https://elsewhere.example"),
            f"{token[:40]} {token[40:]}",
            token + "=",
            f"{token}A",
        )
    )
    return town.door.answer(spelled, at + timedelta(seconds=5))


def relay(town: Town) -> str:
    """Show the screen live to somebody far away, who claims 0 to 60 s later."""
    device, at = town.moment()
    token = town.token(device, at, seq=town.draw.randrange(CAPACITY))
    return town.door.answer(token, at + timedelta(seconds=town.draw.randrange(61)))


def forged(town: Town) -> str:
    """Sign with another key, change a byte, or put a name on another device's code."""
    device, at = town.moment()
    kind = town.draw.randrange(3)
    if kind == 0:
        thief = town.kiosks[device % KIOSKS + 1]
        return town.door.answer(
            codes.encode_slot(thief, device=device, slot=codes.slot_of(at), seq=0), at
        )
    token = town.token(device, at)
    place = town.draw.randrange(len(token))
    if kind == 1:
        changed = town.draw.choice(
            [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if c != token[place]]
        )
        return town.door.answer(token[:place] + changed + token[place + 1 :], at)
    return town.door.answer(token[:place], at)


def clock(town: Town) -> str:
    """Set a kiosk's clock wrong by up to an hour and claim what it shows."""
    device, at = town.moment()
    wrong = town.draw.randrange(-3600, 3601)
    return town.door.answer(town.token(device, at + timedelta(seconds=wrong)), at)


def sticker_photo(town: Town) -> str:
    """Scan a photo of a sticker from elsewhere, with whatever accuracy the phone claims."""
    device, at = town.moment()
    away_m = 351 + town.draw.randrange(60_000)
    return town.door.sticker(
        town.sticker(device), "friend", at, away_m, town.draw.randrange(20_000)
    )


def sticker_again(town: Town) -> str:
    """Stand at a sticker and scan it again and again on one day."""
    device, at = town.moment()
    noon = at.replace(hour=12)
    who = f"phone-{town.draw.randrange(PHONES)}"
    code = town.sticker(device)
    town.door.sticker(code, who, noon, 20, 10)
    later = noon + timedelta(minutes=town.draw.randrange(1, 600))
    return town.door.sticker(code, who, later, 20, 10)


def serial(town: Town) -> str:
    """Bring an object back again: to another machine, years later, in another spelling."""
    device, at = town.moment()
    number = f"Cup-{town.draw.randrange(10**9)}"
    first = town.item(device, number, at)
    town.door.answer(first, at)
    later = at + timedelta(days=town.draw.randrange(1000))
    other = town.draw.choice((number, number.upper(), number.lower()))
    again = town.item(device % KIOSKS + 1, other, later)
    return town.door.answer(again, later)


def agent(town: Town) -> str:
    """Send an agent's signed deposit again, or point it to another card."""
    device, at = town.moment()
    signed = town.attended(device, at)
    town.door.answer(signed, at)
    if town.draw.randrange(2):
        return town.door.answer(signed, at + timedelta(hours=town.draw.randrange(72)))
    # Any bit of the card's name that is changed breaks the signature.
    place = town.draw.randrange(60, len(signed))
    letter = "A" if signed[place] != "A" else "B"
    return town.door.answer(signed[:place] + letter + signed[place + 1 :], at)


ATTACKS: dict[str, Callable[[Town], str]] = {
    "photo": photo,
    "replay": replay,
    "relay": relay,
    "forged": forged,
    "clock": clock,
    "sticker": sticker_photo,
    "sticker+": sticker_again,
    "serial": serial,
    "agent": agent,
}
STYLES = tuple(ATTACKS)
NEVER = ("photo", "replay", "forged", "sticker", "sticker+", "serial", "agent")
"""Styles of which not one may be accepted."""


def run(attempts: int, seed: int) -> tuple[dict[str, Counter[str]], Town]:
    """Attack `attempts` times, the styles in turn."""
    town = found_town(seed)
    outcomes: dict[str, Counter[str]] = {style: Counter() for style in STYLES}
    for number in range(attempts):
        style = STYLES[number % len(STYLES)]
        outcomes[style][ATTACKS[style](town)] += 1
        if len(town.tokens) > MAX_TOKENS:
            town.tokens.clear()
    return outcomes, town


def relay_bound(seed: int) -> tuple[int, int]:
    """Relay every code of one kiosk's slots to a crowd, each slot 1 s later than the one before.

    Returns:
        Most claims accepted of one slot, and the longest accepted age of a code in seconds.
    """
    town = found_town(seed)
    oldest_s = 0
    for age_s in range(61):
        shown_at = START + timedelta(seconds=codes.SLOT_S * age_s)
        for seq in [*range(CAPACITY), *range(CAPACITY)]:
            claimed_at = shown_at + timedelta(seconds=age_s)
            if town.door.answer(town.token(1, shown_at, seq), claimed_at) == "accepted":
                oldest_s = max(oldest_s, age_s)
    return max(town.door.taken.values()), oldest_s


def some_attempts(attempts: int, seed: int) -> dict[str, Any]:
    """Attack a town of its own; a piece of work."""
    started = time.process_time()
    outcomes, town = run(attempts, seed)
    return {
        "outcomes": outcomes,
        "most": max(town.door.taken.values(), default=0),
        "cpu_s": time.process_time() - started,
    }


def in_pieces(attempts: int, seed: int, *, workers: int, folder: Path) -> list[dict[str, Any]]:
    """Attack town after town, going on where a run that was stopped had come to."""
    sizes = [min(PIECE, attempts - first) for first in range(0, attempts, PIECE)]
    tasks = [(size, seed + number) for number, size in enumerate(sizes)]
    with ProcessPoolExecutor(workers) as pool:
        return Record(folder).work(pool, some_attempts, tasks)


def main() -> int:
    """Print the table; exit 1 when a replay or a forgery was accepted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--record", type=Path, default=Path("build/attack-codes"))
    options = parser.parse_args()
    pieces = in_pieces(
        options.attempts, options.seed, workers=options.workers, folder=options.record
    )
    cpu_s = sum(piece["cpu_s"] for piece in pieces)
    print(f"{options.attempts} attempts, seeds from {options.seed}, {cpu_s:.0f} s of CPU")
    outcomes = {
        style: sum((Counter(piece["outcomes"][style]) for piece in pieces), Counter())
        for style in STYLES
    }
    for style, counts in outcomes.items():
        listed = ", ".join(f"{word} {count}" for word, count in counts.most_common())
        print(f"  {style:8} {listed}")
    most, oldest_s = relay_bound(options.seed)
    print(f"Live relay: at most {most} claims of one kiosk and slot (capacity {CAPACITY});")
    print(f"  a code is accepted until {oldest_s} s after its slot began.")
    broken = [style for style in NEVER if outcomes[style]["accepted"]]
    over = max(most, *(piece["most"] for piece in pieces)) > CAPACITY
    print(
        "FAILED: " + ", ".join(broken) if broken or over else "No replay and no forgery accepted."
    )
    return 1 if broken or over else 0


if __name__ == "__main__":
    sys.exit(main())
