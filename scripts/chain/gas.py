"""Measures the gas of rewards and payments beside the usual tokens and writes docs/gas.md.

docs/gas.md is the snapshot too: a figure above its goal, or above what is written there, exits 1 and writes nothing.

`make gas` runs it: `.venv-contracts/bin/python -m chain.gas` with PYTHONPATH=scripts. Gas is deterministic: the figures
are exact for these sources, settings and hardfork.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_utils import keccak
from web3 import Web3

from chain.node import anvil
from chain.scene import GAS_CAP, Scene, citizen, deploy_scene, make_id, word
from chain.target import ROOT

SIZES = (1, 10, 50, 100, 200, 500)
BATCH = 200
ALIGNMENTS = 32
"""Batches of 200 adjacent ids start at each of the 32 possible places in a bitmap word of 256 in turn."""
TOLERANCE_PERMILLE = 2
"""A signature or a time with one zero byte more or less costs a payment up to 0.1 % of its gas."""
REPORT = ROOT / "docs" / "gas.md"
WIDE_LIMITS = {
    "item_units": 100_000,
    "batch_items": 600,
    "batch_units": 10**9,
    "window_seconds": 86_400,
    "minter_capacity_units": 10**11,
    "global_capacity_units": 10**11,
}


@dataclass(frozen=True)
class Goal:
    """A figure and the most it may be."""

    label: str
    gas: float
    limit: int

    @property
    def row(self) -> str:
        """The figure as a row of the report."""
        verdict = "met" if self.gas <= self.limit else f"missed by {self.gas - self.limit:,.0f}"
        return f"| {self.label} | {self.gas:,.0f} | {self.limit:,} | {verdict} |"

    def regression(self, known: dict[str, int]) -> str | None:
        """Say what is worse than the goal or than the snapshot; `None` when nothing is."""
        before = known.get(self.label, self.limit)
        most = min(self.limit, before * (1000 + TOLERANCE_PERMILLE) / 1000)
        return f"{self.label}: {self.gas:,.0f}, was {before:,}, goal {self.limit:,}" if self.gas > most else None


def snapshot(text: str) -> dict[str, int]:
    """Read the figures of an earlier report by label."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {row[0]: int(row[1].replace(",", "")) for row in cells if row[-1].startswith(("met", "missed"))}


class Rewards:
    """Builds and issues batches whose ids go on from batch to batch."""

    def __init__(self, scene: Scene) -> None:
        """Start at counter 0."""
        self.scene, self.counter = scene, 0

    def words(self, people: list[str], *, step: int = 1, late: int = 0) -> list[bytes]:
        """Return words for people; with `late` every such word carries an old id of another tranche."""
        built = []
        for i, person in enumerate(people):
            is_late = late and i % late == 0
            reward_id = make_id(97 * self.counter, tranche=1) if is_late else make_id(self.counter)
            built.append(word(person, reward_id, 100 + (i * 37) % 4900))
            self.counter += step
        return built

    def gas(self, words: list[bytes]) -> float:
        """Issue a batch and return its gas per word."""
        receipt = self.scene.issue(words)
        if receipt.status != 1:
            message = "the batch was reverted"
            raise RuntimeError(message)
        return float(receipt.gasUsed) / len(words)


def crowd(count: int, first: int) -> list[str]:
    """Return citizens never used before when `first` is new."""
    return [citizen(first + i) for i in range(count)]


def reward_rows(rewards: Rewards) -> dict[str, dict[int, float]]:
    """Return gas per reward by way and batch size."""
    rows: dict[str, dict[int, float]] = {}
    for size in SIZES:
        people = crowd(size, 10_000 * size)
        column = {
            "Calanque, fresh accounts": rewards.gas(rewards.words(people)),
            "Calanque, warm accounts": rewards.gas(rewards.words(people)),
            "Calanque, warm, every 4th id": rewards.gas(rewards.words(people, step=4)),
            "Calanque, warm, 10 % late rewards": rewards.gas(rewards.words(people, late=10)),
        }
        words = rewards.words(people)
        rewards.gas(words)
        column["Calanque, whole batch sent again"] = rewards.gas(words)
        for label, gas in column.items():
            rows.setdefault(label, {})[size] = gas
    return rows


def netting(rewards: Rewards) -> dict[int, float]:
    """Return gas per rewarded act when each citizen has 2 or 3 acts in a batch of 200 or 201."""
    measured = {}
    for acts in (2, 3):
        people = [person for person in crowd(-(-BATCH // acts), 5_000_000) for _ in range(acts)]
        rewards.gas(rewards.words(people))
        measured[acts] = rewards.gas(rewards.words(people))
    return measured


def averaged(rewards: Rewards) -> tuple[float, float, float]:
    """Return mean, least and most gas per warm reward, and the mean per fresh one, over all alignments."""
    people = crowd(BATCH, 7_000_000)
    rewards.gas(rewards.words(people))
    warm = [rewards.gas(rewards.words(people)) for _ in range(ALIGNMENTS)]
    fresh = [rewards.gas(rewards.words(crowd(BATCH, 8_000_000 + BATCH * i))) for i in range(ALIGNMENTS)]
    return sum(warm) / ALIGNMENTS, min(warm), sum(fresh) / ALIGNMENTS


def payments(scene: Scene, rewards: Rewards) -> tuple[float, float]:
    """Return gas of one payment alone, and of each in a batch of 50 citizens at 10 merchants."""
    desk = scene.at("RedemptionDesk").functions
    keys = [Account.from_key(keccak(text=f"payer {i}")) for i in range(52)]
    rewards.gas(rewards.words([key.address for key in keys]))
    for merchant in range(1, 12):
        scene.send("registrar", desk.registerMerchant(merchant, 10**9))
        scene.send("deployer", desk.spend(scene.sign_spend(keys[51], merchant, 1, 1_000 + merchant)))
    alone = scene.send("minter", desk.spend(scene.sign_spend(keys[50], 11, 90, 1))).gasUsed
    batch = [scene.sign_spend(key, 1 + i % 10, 90, 100 + i) for i, key in enumerate(keys[:50])]
    return alone, scene.send("minter", desk.spendBatch(batch)).gasUsed / len(batch)


def worst_batch(web3: Web3) -> int:
    """Return the gas of the dearest batch that the shipped limits allow: fresh accounts, each id in a new word."""
    scene = deploy_scene(web3)
    limit = scene.manifest.settings["issuer_limits"]["batch_items"]
    words = [word(citizen(9_000_000 + i), make_id(256 * i), 10) for i in range(limit)]
    return int(scene.issue(words).gasUsed)


def baseline_rows(web3: Web3) -> dict[str, dict[int, float]]:
    """Return gas per warm credit of the usual tokens."""
    owner = web3.eth.accounts[0]
    rows: dict[str, dict[int, float]] = {}
    for name, label in (
        ("OpenZeppelinToken", "OpenZeppelin `mintBatch`, warm"),
        ("SoladyToken", "Solady `mintBatch`, warm"),
    ):
        token = _deployed(web3, owner, name)
        rows[label] = {}
        for size in SIZES:
            people, units = crowd(size, 10_000 * size), [100 + (i * 37) % 4900 for i in range(size)]
            for _ in range(2):
                used = _sent(web3, owner, token.functions.mintBatch(people, units))
            rows[label][size] = used / size
    single = _deployed(web3, owner, "OpenZeppelinToken")
    for _ in range(2):
        used = _sent(web3, owner, single.functions.mint(citizen(1), 300))
    return {"OpenZeppelin `mint`, one per transaction, warm": dict.fromkeys(SIZES, float(used)), **rows}


def report(rows: dict[str, dict[int, float]], goals: list[Goal]) -> str:
    """Return docs/gas.md."""
    lines = [
        "# Gas",
        "",
        "Written by `make gas`, which fails when a figure passes its goal or its value here; do not edit.",
        "solc 0.8.37, viaIR, 1,000,000 runs, hardfork osaka (anvil 1.7.1),",
        "OpenZeppelin 5.7.0, Solady 0.1.26. Everything on: bitmap, limits, rulebook check, two buckets, events.",
        "",
        "## Gas per reward by batch size",
        "",
        "| way | " + " | ".join(f"{size}" for size in SIZES) + " |",
        "|---|" + "---:|" * len(SIZES),
    ]
    lines += [f"| {label} | " + " | ".join(f"{row[size]:,.0f}" for size in SIZES) + " |" for label, row in rows.items()]
    lines += ["", "## Goals", "", "| figure | gas | goal | |", "|---|---:|---:|---|"]
    lines += [goal.row for goal in goals]
    lines += [
        "",
        "The mean over alignments counts that 200 adjacent ids open a new bitmap word in 25 of 32 batches; a batch",
        "that stays inside one word costs 88 gas less per reward.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, compare, and write the report when nothing is worse."""
    with anvil() as web3:
        scene = deploy_scene(web3, daily_ceiling_units=10**12, issuer_limits=WIDE_LIMITS)
        rewards = Rewards(scene)
        rewards.gas(rewards.words(crowd(1, 1)))
        rows = {**baseline_rows(web3), **reward_rows(rewards)}
        (mean, least, fresh), acts = averaged(rewards), netting(rewards)
        alone, each = payments(scene, rewards)
        again = rows["Calanque, whole batch sent again"][BATCH]
        goals = [
            Goal("reward, warm, batch of 200 inside one bitmap word", least, 8_200),
            Goal("reward, warm, batch of 200, mean over alignments", mean, 8_200),
            Goal("reward, fresh, batch of 200, mean over alignments", fresh, 25_300),
            Goal("word of a batch of 200 sent again", again, 2_000),
            Goal("act, 2 acts per citizen in the batch", acts[2], 4_800),
            Goal("act, 3 acts per citizen in the batch", acts[3], 3_600),
            Goal("payment alone", alone, 88_000),
            Goal("payment, 50 citizens at 10 merchants", each, 52_000),
            Goal("dearest batch that the limits allow (EIP-7825)", worst_batch(web3), GAS_CAP),
        ]
    known = snapshot(REPORT.read_text()) if REPORT.exists() else {}
    regressed = [found for goal in goals if (found := goal.regression(known)) is not None]
    if regressed:
        sys.exit("gas regressed:\n" + "\n".join(regressed))
    REPORT.write_text(report(rows, goals))
    print("no gas regression; goals and figures: docs/gas.md")


def _deployed(web3: Web3, owner: str, name: str) -> Any:
    compiled = json.loads((ROOT / "build/forge-bytecode/Baselines.sol" / f"{name}.json").read_text())
    factory = web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"]["object"])
    receipt = web3.eth.wait_for_transaction_receipt(factory.constructor().transact({"from": owner}))
    return web3.eth.contract(address=receipt["contractAddress"], abi=compiled["abi"])


def _sent(web3: Web3, owner: str, function: Any) -> int:
    tx_hash = function.transact({"from": owner, "gas": GAS_CAP})
    return int(web3.eth.wait_for_transaction_receipt(tx_hash)["gasUsed"])


if __name__ == "__main__":
    main()
