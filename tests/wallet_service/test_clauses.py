"""The table of docs/wallet.md names tests that exist."""

import ast
import re
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "wallet.md"
NAMED = re.compile(r"`(test_\w+\.py)::(\w+)`")
CLAUSES = 36


def _names(file: str) -> set[str]:
    """Return the tests and test classes of a file, or those that it takes from elsewhere."""
    tree = ast.parse((FOLDER / file).read_text())
    made = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return made | assigned


def test_each_clause_names_a_test_that_is_there() -> None:
    rows = NAMED.findall(PAGE.read_text())

    missing = [f"{file}::{name}" for file, name in rows if name not in _names(file)]

    assert missing == []
    assert len(rows) == CLAUSES
