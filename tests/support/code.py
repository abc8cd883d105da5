"""The project's own source, parsed once, for tests about the code base."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One Python file: where it is, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def room(self) -> str:
        """The second folder of a backend file ("ledger"), the module itself at its top."""
        return self.path.relative_to(ROOT).parts[1].removesuffix(".py")

    def at(self, node: ast.AST) -> str:
        """Say where a node is, as `file:line`."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"

    def imports(self) -> list[tuple[str, ast.AST]]:
        """Return each imported module, by full name, with the node that imports it."""
        found: list[tuple[str, ast.AST]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(alias.name, node) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [(f"{node.module}.{alias.name}", node) for alias in node.names]
        return found


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Parse every Python file below `folders`, generated migrations left out."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(
        Module(path, text := path.read_text(), ast.parse(text))
        for path in paths
        if "migrations" not in path.parts and "contracts" not in path.relative_to(ROOT).parts
    )
