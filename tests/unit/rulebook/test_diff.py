"""Differences between editions, in words."""

from typing import Any

from hypothesis import given, settings

from backend.rulebook.diff import Change, changes, describe_changes
from backend.rulebook.document import edition_from_tree
from tests.unit.rulebook.books import amp, cap, fixed, small_rule, small_tree
from tests.unit.rulebook.strategies import trees


def edition(**parts: Any) -> Any:
    return edition_from_tree(small_tree(**parts))


def told(before: dict[str, Any], after: dict[str, Any], lang: str = "en") -> list[str]:
    return describe_changes(edition(**before), edition(**after), lang)


def priced(units: int) -> dict[str, Any]:
    return {
        "rules": [small_rule(tariff={"variants": [{"tiers": [{"pay": [fixed(units, "item")]}]}]})]
    }


def test_a_changed_amount_names_the_rule_and_both_amounts_in_points() -> None:
    where = "tariff.variants[0].tiers[0].pay[0].units"

    assert told(priced(200), priced(350)) == [
        f"Changed: rule “Glass”, amount ({where}): 2 points → 3.5 points."
    ]
    assert told(priced(200), priced(350), "fr") == [
        f"Modifié : règle « Verre », montant ({where}) : 2 points → 3,5 points."
    ]


def test_same_editions_say_so() -> None:
    assert told({}, {}) == ["No difference."]
    assert told({}, {}, "fr") == ["Aucune différence."]


def test_an_added_and_a_removed_cap_are_told_by_name() -> None:
    title = {"fr": "par jour", "en": "a day"}

    assert told({}, {"caps": [cap(title=title)]}) == ["Added: cap “a day”: day."]
    assert told({"caps": [cap(title=title)]}, {}) == ["Removed: cap “a day” (was day)."]


def test_moving_a_cap_is_no_change_and_moving_a_rule_is() -> None:
    caps = [cap("one"), cap("two", order=2)]
    rules = [small_rule(id="a"), small_rule(id="b")]

    assert told({"caps": caps}, {"caps": caps[::-1]}) == ["No difference."]
    assert told({"rules": rules}, {"rules": rules[::-1]}) == [
        "The order of the rules changes: b, a."
    ]


def test_shipped_editions_differ_in_glass_alone() -> None:
    found = [item for item in changes(amp(1).edition, amp(2).edition) if item.path[0] != "edition"]

    assert found == [
        Change(("rules", "glass", "tariff", "variants", 0, "tiers", 0, "pay", 0, "units"), 200, 300)
    ]


@given(before=trees(), after=trees())
@settings(max_examples=25)
def test_no_difference_is_told_exactly_when_the_rules_are_equal(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    first, second = edition_from_tree(before), edition_from_tree(after)

    assert changes(first, first) == []
    reordered_only = sorted(before["caps"], key=str) == sorted(after["caps"], key=str)
    if first != second and not reordered_only:
        assert changes(first, second) != []
    for lang in ("fr", "en"):
        assert all(sentence.endswith(".") for sentence in describe_changes(first, second, lang))
