"""Feeds broken rulebooks to the reader and compares evaluators, far longer than the tests.

`python -m scripts.bench.rules_fuzz [--documents 10000] [--rulebooks 2000] [--campaigns 2000]`
exits 1 on a crash, on an accepted rulebook that could pay without bound, on any difference between
the two evaluators, or between them and a second reading of the carpool register's format.
"""

import argparse
import json
import sys
from collections import Counter

from hypothesis import HealthCheck, given, settings

from backend.rulebook.adapters.carpool import import_campaign, read_json
from backend.rulebook.adapters.carpool_cases import acts_of, bind, replay
from backend.rulebook.document import edition_from_tree, edition_tree, parse_edition, to_yaml
from backend.rulebook.engine import Act, ActIncompleteError, RulebookInvalidError
from backend.rulebook.rulebook import Rulebook
from backend.rulebook.simulation.columnar import simulate
from backend.rulebook.simulation.plain import simulate_plain
from backend.rulebook.simulation.table import table_of
from tests.unit.rulebook.books import DATA, amp_tree
from tests.unit.rulebook.bounds import bound_units
from tests.unit.rulebook.mutations import mutated
from tests.unit.rulebook.register_campaigns import Draw
from tests.unit.rulebook.register_oracle import judged
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


def campaigns(count: int) -> Counter[str]:
    """Import and replay drawn campaigns of 40 trips each."""
    found: Counter[str] = Counter()
    for seed in range(count):
        draw = Draw(seed)
        facts = draw.campaign()
        cases = json.dumps(judged(facts, draw.cases(trips=40)))
        edition = parse_edition(to_yaml(import_campaign(json.dumps(facts))))
        (result,) = replay(Rulebook(edition), cases)
        exact = read_json(cases)
        (case,) = exact["cases"]
        rulebook = Rulebook(bind(edition, case["policy"]))
        paid = simulate(rulebook, table_of(acts_of(exact, case))).paid_units.tolist()
        same = not result.differences and paid == list(result.expected)
        found["equal" if same else "different"] += 1
        found["trips"] += len(paid)
        found["trips paid"] += sum(1 for cents in paid if cents)
    return found


def main() -> int:
    """Run all three and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--rulebooks", type=int, default=2_000)
    parser.add_argument("--campaigns", type=int, default=2_000)
    chosen = parser.parse_args()
    read = documents(chosen.documents)
    print(f"documents: {dict(read)}")
    compared = rulebooks(chosen.rulebooks)
    print(f"rulebooks: {dict(compared)}")
    replayed = campaigns(chosen.campaigns)
    print(f"campaigns: {dict(replayed)}")
    bad = read["unbounded"] + read["refused without help"]
    bad += compared["different"] + replayed["different"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
