"""The shipped editions fit the rest of the system."""

import re

import pytest

from backend.devices.codes import MATERIALS, MODES
from tests.unit.rulebook.books import amp, amp_tree, edition_text


@pytest.mark.parametrize("number", [1, 2])
def test_materials_and_modes_are_those_of_the_codes(number: int) -> None:
    rules = amp(number).edition.rules

    materials = {name for rule in rules for name in rule.acts.materials or ()}
    modes = {name for rule in rules for name in rule.acts.modes or ()}

    assert materials <= set(MATERIALS)
    assert modes <= set(MODES)


def test_the_second_edition_raises_glass_and_nothing_else() -> None:
    first, second = edition_text("amp-2026-1").decode(), edition_text("amp-2026-2").decode()
    differing = [
        (a.strip(), b.strip())
        for a, b in zip(first.splitlines()[6:], second.splitlines()[6:], strict=True)
        if a != b
    ]

    amounts = [tuple(re.findall(r"units: (\d+)", line)) for pair in differing for line in pair]
    assert [pair for pair in amounts if pair] == [("200",), ("300",)]


def test_every_rule_and_cap_of_the_demo_has_words_in_both_languages() -> None:
    tree = amp_tree()

    titles = [item.get("title") for item in (*tree["rules"], *tree["caps"], *tree["budgets"])]

    assert all(title and title["fr"] and title["en"] for title in titles)
