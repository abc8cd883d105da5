"""Feeds broken rulebooks to the reader and compares both evaluators, far longer than the tests.

`python -m scripts.bench.rules_fuzz [--documents 10000] [--rulebooks 2000]` exits 1 on a crash, on
an accepted rulebook that could pay without bound, or on any difference between the evaluators.
"""

import argparse
import sys
from collections import Counter

from hypothesis import HealthCheck, given, settings

from backend.rulebook.adapters.carpool import import_campaign
from backend.rulebook.document import edition_from_tree, edition_tree
from backend.rulebook.engine import Act, ActIncompleteError, RulebookInvalidError
from backend.rulebook.simulation.columnar import simulate
from backend.rulebook.simulation.plain import simulate_plain
from backend.rulebook.simulation.table import table_of
from tests.unit.rulebook.books import DATA, amp_tree
from tests.unit.rulebook.bounds import bound_units
from tests.unit.rulebook.mutations import mutated
from tests.unit.rulebook.strategies import Tree, act_lists, rulebook_of, trees


def documents(count: int) -> Counter[str]:
    """Mutate real editions and say what became of them."""
    campaigns = sorted((DATA / "campaigns").glob("*.json"))
    sources = [
        amp_tree(),
        *(edition_tree(import_campaign(path.read_bytes())) for path in campaigns),
    ]
    found: Counter[str] = Counter()
    for seed in range(count):
        # Half of the documents come from the edition that may be published.
        source = sources[0] if seed % 2 else sources[seed % len(sources)]
        try:
            edition = edition_from_tree(mutated(source, seed))
        except RulebookInvalidError as error:
            usable = all(
                item["path"] and item["problem"] and item["example"] for item in error.errors
            )
            found["refused" if usable else "refused without help"] += 1
            continue
        found["unbounded" if bound_units(edition) is None else "accepted, bounded"] += 1
    return found


def rulebooks(count: int) -> Counter[str]:
    """Compare both evaluators on random rulebooks and acts."""
    found: Counter[str] = Counter()

    @given(tree=trees(), sure=trees(always_pays=True), acts=act_lists)
    @settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    def compare(tree: Tree, sure: Tree, acts: list[Act]) -> None:
        table = table_of(acts)
        for one in (tree, sure):
            rulebook = rulebook_of(one)
            try:
                plain = simulate_plain(rulebook, table)
            except ActIncompleteError:
                found["incomplete act"] += 1
                continue
            fast = simulate(rulebook, table)
            same = (
                plain.paid_units.tolist() == fast.paid_units.tolist()
                and plain.before_caps_units.tolist() == fast.before_caps_units.tolist()
                and plain.top_up_units.tolist() == fast.top_up_units.tolist()
                and plain.rule.tolist() == fast.rule.tolist()
            )
            found["equal" if same else "different"] += 1
            if plain.paid_units.any():
                found["of these, something paid"] += 1

    compare()
    return found


def main() -> int:
    """Run both and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--rulebooks", type=int, default=2_000)
    chosen = parser.parse_args()
    read, compared = documents(chosen.documents), rulebooks(chosen.rulebooks)
    print(f"documents: {dict(read)}")
    print(f"rulebooks: {dict(compared)}")
    bad = read["unbounded"] + read["refused without help"] + compared["different"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
