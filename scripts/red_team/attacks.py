"""Twelve ways to cheat, three to collect; all know every threshold and have half an hour a day.

A style is a function of one agent, a setting and the controls that are on; it returns the
agent's own honest month with the fake claims among it. Codes are real: signed, read and
verified by the code that the intake uses.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import codes
from backend.devices import rules as device_rules
from backend.devices.contents import Code
from backend.devices.rules import Freshness
from backend.kernel.errors import EcoError
from scripts.red_team import town
from scripts.red_team.acts import DAY_S, DAYS, START, TownAct
from scripts.red_team.scheme import GATE_MISS, Controls

TRY_S = 20
HALF_HOUR_S = 1_800
ACCOMPLICES = 9
"""Agents who share one thief or one clerk."""

Setting: TypeAlias = Mapping[str, int]
Month: TypeAlias = list[TownAct]
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_THIEF = Ed25519PrivateKey.from_private_bytes(bytes(32))
_WINDOWS = device_rules.Windows()
_PUBLIC = _KEY.public_key().public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Attack:
    """One agent at work."""

    agent: int
    setting: Setting
    controls: Controls
    draw: random.Random
    seed: int

    def own_month(self) -> Month:
        """Return what the agent brings honestly; most cheats do."""
        return list(town.own_month(self.seed, self.agent))

    def moments(self, per_day: int) -> list[int]:
        """Return instants of tries: `per_day` on each of the setting's days."""
        days = self.draw.sample(range(DAYS), min(DAYS, self.setting.get("days", DAYS)))
        hour = self.setting.get("hour", 12)
        return sorted(
            day * DAY_S + hour * 3600 + self.draw.randrange(3600)
            for day in days
            for _ in range(per_day)
        )

    def fake(self, at_s: int, kind: str, *, station: int, items: int, account: int = 0) -> TownAct:
        """Return a claim for something that was not brought."""
        material = "glass" if self.setting.get("glass", 1) else "packaging"
        return TownAct(at_s, self.agent, account, station, kind, material, items, is_real=False)


def tries_a_day() -> int:
    """Return how many objects a gate that shuts after refused ones lets one try in half an hour."""
    spent_s = tries = 0
    while spent_s < HALF_HOUR_S:
        tries += 1
        spent_s += TRY_S + device_rules.gate_pause_s(tries)
    return tries


TRIES_A_DAY = tries_a_day()


def passes(attack: Attack, token: str, *, at_s: int, is_used: bool) -> bool:
    """Tell whether the intake would take a code, by its own functions."""
    content = _content(token, is_verified=attack.controls.signature)
    if content is None:
        return False
    if attack.controls.time_window:
        now = START + timedelta(seconds=at_s)
        if device_rules.freshness(content, now=now, windows=_WINDOWS) is not Freshness.FRESH:
            return False
    return not (is_used and attack.controls.single_use)


@cache
def _content(token: str, *, is_verified: bool) -> Code | None:
    """Read a code once: its words and its signature say the same to everybody."""
    try:
        unverified = codes.read(token)
        if is_verified:
            codes.verify(unverified, _PUBLIC)
    except EcoError:
        return None
    return unverified.content


def _slot_token(at_s: int, key: Ed25519PrivateKey = _KEY) -> str:
    return _signed_slot(codes.slot_of(START + timedelta(seconds=at_s)), key)


@cache
def _signed_slot(slot: int, key: Ed25519PrivateKey) -> str:
    return codes.encode_slot(key, device=1, slot=slot, seq=0)


def _with_codes(
    attack: Attack, token_at: Callable[[int], str], *, delay_s: int, is_used: bool
) -> Month:
    gate = attack.draw.choice(town.GATES)
    fakes = [
        attack.fake(at_s + delay_s, "gate", station=gate, items=1)
        for at_s in attack.moments(attack.setting["per_day"])
        if passes(attack, token_at(at_s), at_s=at_s + delay_s, is_used=is_used)
    ]
    return attack.own_month() + fakes


def photo(attack: Attack) -> Month:
    """Claim with photos of codes that somebody just used."""
    return _with_codes(attack, _slot_token, delay_s=attack.setting["delay_s"] % 40, is_used=True)


def late(attack: Attack) -> Month:
    """Claim with unused codes, photographed and sent around."""
    delay_s = 46 + attack.setting["delay_s"]
    return _with_codes(attack, _slot_token, delay_s=delay_s, is_used=False)


def forged(attack: Attack) -> Month:
    """Sign codes with a key of one's own."""
    return _with_codes(attack, lambda at_s: _slot_token(at_s, _THIEF), delay_s=5, is_used=False)


def clock(attack: Attack) -> Month:
    """Set a kiosk's clock ahead and collect codes for later."""
    ahead_s = 60 + attack.setting["delay_s"]
    return _with_codes(attack, lambda at_s: _slot_token(at_s + ahead_s), delay_s=0, is_used=False)


def _objects(attack: Attack, kind: str, stations: range, *, is_guarded: bool) -> Month:
    """Try worthless objects one by one; a guarded machine takes one in a hundred."""
    per_day = min(TRIES_A_DAY, attack.setting["per_day"])
    spots = attack.draw.sample(stations, 1 + attack.setting["stations"] % 5)
    fakes = [
        attack.fake(at_s, kind, station=attack.draw.choice(spots), items=1)
        for at_s in attack.moments(per_day)
        if not is_guarded or attack.draw.random() < GATE_MISS
    ]
    return attack.own_month() + fakes


def empty(attack: Attack) -> Month:
    """Scan a kiosk's code and bring nothing; a drop gate wants an object first."""
    return _objects(attack, "gate", town.GATES, is_guarded=attack.controls.drop_gate)


def relay(attack: Attack) -> Month:
    """Send the screen live to accounts elsewhere; somebody must still open the gate."""
    month = empty(attack)
    accounts = 1 + attack.setting["accounts"]
    return [
        act if act.is_real else replace(act, account=attack.draw.randrange(accounts))
        for act in month
    ]


def string(attack: Attack) -> Month:
    """Pull the object back out of a machine and put it in again; a crusher ends that."""
    return _objects(attack, "bin", town.BINS, is_guarded=attack.controls.crusher)


def clerk(attack: Attack) -> Month:
    """Let a dishonest agent sign deposits that nobody made; nine accomplices each."""
    counter = town.COUNTERS[attack.agent // ACCOMPLICES % len(town.COUNTERS)]
    fakes = [
        attack.fake(at_s, "counter", station=counter, items=attack.setting["items"])
        for at_s in attack.moments(attack.setting["per_day"] % 4 + 1)
    ]
    return attack.own_month() + fakes


def _stickers(attack: Attack, *, error_m: int, accuracy_m: int) -> Month:
    accounts = 1 + attack.setting["accounts"]
    # The agent's real things are shared out among the accounts, to anchor each of them.
    own = [replace(act, account=attack.draw.randrange(accounts)) for act in attack.own_month()]
    # They have done so for two months: what waits is paid out of each month's share.
    fakes = [
        replace(
            attack.fake(at_s - month * DAYS * DAY_S, "sticker", station=station, items=1),
            account=attack.draw.randrange(accounts),
            gps_error_m=error_m,
            gps_accuracy_m=accuracy_m,
        )
        for month in range(3)
        for at_s in attack.moments(attack.setting["per_day"])
        for station in [attack.draw.choice(town.STICKERS)]
    ]
    return own + fakes


def spoof(attack: Attack) -> Month:
    """Photograph stickers and let the phone lie about its place."""
    one = replace(attack, setting={**attack.setting, "accounts": 0})
    return _stickers(one, error_m=0, accuracy_m=10)


def remote(attack: Attack) -> Month:
    """Photograph stickers and scan them from home with an honest but vague phone."""
    error_m = 360 + attack.setting["delay_s"]
    return _stickers(attack, error_m=error_m, accuracy_m=attack.setting["delay_s"])


def sybil(attack: Attack) -> Month:
    """Spoof with several accounts, each anchored by a part of one's real things."""
    return _stickers(attack, error_m=0, accuracy_m=10)


def stolen_key(attack: Attack) -> Month:
    """Sign deposits with a bin's stolen key; the bin announces its own, so these stand out."""
    machine = town.BINS[attack.agent // ACCOMPLICES % len(town.BINS)]
    fakes = [
        replace(
            attack.fake(at_s, "bin", station=machine, items=attack.setting["items"]),
            is_device_suspect=attack.controls.announced,
        )
        for at_s in attack.moments(attack.setting["per_day"] % 4 + 1)
    ]
    return attack.own_month() + fakes


def collector(attack: Attack) -> Month:
    """Bring a bar's bottles as those of a household."""
    return attack.own_month() + _collected(attack, accounts=1, items=attack.setting["items"])


def feeder(attack: Attack) -> Month:
    """Bring other people's cans and cartons one by one, to stay below what a household has."""
    fakes = _collected(attack, accounts=1, items=1)
    return attack.own_month() + [replace(act, material="packaging") for act in fakes]


def ring(attack: Attack) -> Month:
    """Share a bar's bottles among accounts of one browser, one after another at one gate."""
    accounts = 1 + attack.setting["accounts"]
    return attack.own_month() + _collected(attack, accounts, items=attack.setting["items"])


def _collected(attack: Attack, accounts: int, items: int) -> Month:
    gate = attack.draw.choice(town.GATES)
    per_day = attack.setting["per_day"]
    # Half an hour a day is what all accounts together have.
    items = max(1, min(items, HALF_HOUR_S // TRY_S // (per_day * accounts)))
    return [
        replace(
            attack.fake(at_s + TRY_S * account, "gate", station=gate, items=items, account=account),
            phone=attack.agent,
        )
        for at_s in attack.moments(per_day)
        for account in range(accounts)
    ]


STYLES: Mapping[str, Callable[[Attack], Month]] = {
    "photo": photo,
    "late": late,
    "forged": forged,
    "clock": clock,
    "empty": empty,
    "relay": relay,
    "string": string,
    "clerk": clerk,
    "spoof": spoof,
    "remote": remote,
    "sybil": sybil,
    "stolen_key": stolen_key,
}
COLLECTORS: Mapping[str, Callable[[Attack], Month]] = {
    "collector": collector,
    "feeder": feeder,
    "ring": ring,
}
"""Who brings real things of others: the mass is there, the household is not. What they get is
said beside the fraud, not in it."""
GUARDS: tuple[tuple[str, str], ...] = (
    ("photo", "single_use"),
    ("late", "time_window"),
    ("forged", "signature"),
    ("clock", "time_window"),
    ("empty", "drop_gate"),
    ("relay", "drop_gate"),
    ("string", "crusher"),
    ("clerk", "mass_balance"),
    ("spoof", "located_share"),
    ("remote", "position"),
    ("sybil", "located_share"),
    ("stolen_key", "announced"),
    ("collector", "household"),
    ("feeder", "velocity"),
    ("ring", "phone"),
    ("ring", "company"),
)
"""Each style, and a control that it breaks against."""


def draw_setting(draw: random.Random) -> dict[str, int]:
    """Draw one setting of everything that a cheat can choose."""
    return {
        "per_day": draw.choice((1, 1, 2, 2, 3, 4, 6, 10, 18)),
        "days": draw.choice((3, 5, 8, 12, 20, 30)),
        "hour": draw.randrange(24),
        "items": draw.choice((1, 2, 3, 5, 8, 12, 20, 30)),
        "delay_s": draw.choice((0, 5, 15, 30, 60, 300, 1800)),
        "stations": draw.randrange(5),
        "accounts": draw.choice((0, 1, 2, 3, 4, 5, 8, 14, 29)),
        "glass": draw.choice((1, 1, 1, 0)),
    }
