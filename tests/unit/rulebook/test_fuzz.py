"""Broken documents never crash the reader and never yield a rulebook that pays without bound.

The same check over 10,000 documents: `python -m scripts.bench.rules_fuzz`.
"""

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from backend.rulebook.document import edition_from_tree, parse_edition
from backend.rulebook.engine import RulebookInvalidError
from backend.rulebook.schema import Edition
from tests.unit.rulebook.books import amp_tree, edition_text
from tests.unit.rulebook.bounds import bound_units
from tests.unit.rulebook.mutations import mutated


def _verdict(read: Callable[[], Edition]) -> str:
    """Read a document; say refused (with a usable error), bounded, or what is wrong."""
    try:
        edition = read()
    except RulebookInvalidError as error:
        usable = all(item["path"] and item["problem"] and item["example"] for item in error.errors)
        return "refused" if usable and error.errors else "refused without help"
    return "unbounded" if bound_units(edition) is None else "bounded"


@pytest.mark.parametrize("start", [0, 100, 200])
def test_mutated_trees_are_refused_or_bounded(start: int) -> None:
    tree = amp_tree()

    verdicts = Counter(
        _verdict(partial(edition_from_tree, mutated(tree, seed)))
        for seed in range(start, start + 100)
    )

    assert set(verdicts) == {"refused", "bounded"}
    assert verdicts["refused"] > 50


def test_mutated_text_is_refused_or_bounded() -> None:
    text = edition_text("amp-2026-1")
    chance = random.Random(7)
    documents = []
    for _ in range(60):
        broken = bytearray(text)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        documents.append(bytes(broken))

    verdicts = {_verdict(partial(parse_edition, document)) for document in documents}

    assert verdicts <= {"refused", "bounded"}


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree["rules"][0].pop("budget"),
        lambda tree: tree["rules"][0].pop("max_units_per_act"),
        lambda tree: tree["validity"].pop("before"),
        lambda tree: tree.pop("budgets"),
        lambda tree: tree["budgets"][0].update(max_units=10**30),
        lambda tree: tree["rules"][0].update(max_units_per_act=2**48),
        lambda tree: tree.update(compat={"source": "x"}) or tree["rules"][0].pop("budget"),
    ],
)
def test_a_rulebook_that_could_pay_without_bound_is_refused(
    change: Callable[[Any], object],
) -> None:
    tree = amp_tree()
    change(tree)

    with pytest.raises(RulebookInvalidError):
        edition_from_tree(tree)
