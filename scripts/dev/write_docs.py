"""Write the pages of docs/ that come from the code; `--check` only compares."""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from backend.batches.rules import MOVES, BatchState
from backend.settings import Settings
from wallet_service.settings import WalletSettings

ROOT = Path(__file__).parents[2]
NOTE = "<!-- Written by `make docs` from the code; do not edit. -->\n"
HTTP = {
    "INVALID": 422,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "LIMITED": 429,
    "UNAVAILABLE": 503,
}
MEANING = {"NotFoundError": "There is no such {code}, or this account may not see it."}
SUFFIX = {
    "NotFoundError": "_not_found",
    "UnavailableError": "_unavailable",
    "UnknownError": "_unknown",
}


@dataclass(frozen=True)
class ErrorClass:
    """What the source says about one class of errors."""

    name: str
    base: str
    meaning: str
    kind: str | None
    code: str | None
    takes_code: bool | None


def error_table(package: str, root: str) -> list[tuple[str, int, str]]:
    """List (code, HTTP status, meaning) of the errors below `root` in a package.

    A code is found where a class fixes it and where a general class is raised with one.
    """
    trees = [ast.parse(path.read_text()) for path in sorted((ROOT / package).rglob("*.py"))]
    classes = {found.name: found for tree in trees for found in _error_classes(tree)}
    family = {name for name in classes if root in _ancestry(name, classes)}
    rows: dict[str, tuple[int, str]] = {}
    for name in family:
        if code := _code_of(classes[name], classes):
            rows[code] = (HTTP[_first(classes, name, "kind")], classes[name].meaning)
    for tree in trees:
        for name, code in _raised_codes(tree, family):
            if _first(classes, name, "takes_code"):
                meaning = MEANING.get(name, classes[name].meaning).format(code=code)
                status = HTTP[_first(classes, name, "kind")]
                rows.setdefault(code + SUFFIX.get(name, ""), (status, meaning))
    return [(code, *rows[code]) for code in sorted(rows)]


def _error_classes(tree: ast.Module) -> list[ErrorClass]:
    return [
        ErrorClass(
            name=node.name,
            base=ast.unparse(node.bases[0]),
            meaning=(ast.get_docstring(node) or "").splitlines()[0],
            kind=_kind_in(node),
            code=_code_in(node),
            takes_code=_takes_code(node),
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.bases and node.name.endswith("Error")
    ]


def _kind_in(node: ast.ClassDef) -> str | None:
    kinds = [
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and ast.unparse(part.value) == "ErrorKind"
    ]
    return kinds[0] if kinds else None


def _code_in(node: ast.ClassDef) -> str | None:
    words: list[ast.expr] = []
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__":
            words += call.args[:2]
            words += [key.value for key in call.keywords if key.arg == "code"]
    for method in _init(node):
        defaults = zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True)
        words += [value for name, value in defaults if name.arg == "code" and value is not None]
    return next((code for word in words if (code := _snake_case(word))), None)


def _takes_code(node: ast.ClassDef) -> bool | None:
    for method in _init(node):
        names = [argument.arg for argument in method.args.args[1:2] + method.args.kwonlyargs]
        return bool({"code", "thing", "what"} & set(names))
    return None


def _init(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [
        part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"
    ]


def _snake_case(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return None
    return node.value if node.value.isidentifier() and node.value.islower() else None


def _raised_codes(tree: ast.Module, family: set[str]) -> list[tuple[str, str]]:
    return [
        (name, code)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in family
        for word in [*node.args[:1], *(key.value for key in node.keywords if key.arg == "code")]
        if (code := _snake_case(word))
    ]


def _ancestry(name: str, classes: dict[str, ErrorClass]) -> list[str]:
    line = []
    while name in classes and name not in line:
        line.append(name)
        name = classes[name].base
    return line


def _first(classes: dict[str, ErrorClass], name: str, field: str) -> Any:  # noqa: ANN401 - one of the fields
    found = (getattr(classes[ancestor], field) for ancestor in _ancestry(name, classes))
    return next((value for value in found if value is not None), None)


def _code_of(error: ErrorClass, classes: dict[str, ErrorClass]) -> str | None:
    if error.code is None:
        return None
    suffixes = [SUFFIX[name] for name in _ancestry(error.name, classes) if name in SUFFIX]
    return error.code + (suffixes[0] if suffixes and error.name not in SUFFIX else "")


def errors_page() -> str:
    """Compose docs/errors.md."""
    lines = [
        "# Errors\n",
        NOTE,
        "Every error answer is `application/problem+json` (RFC 9457) with the same fields: `type`,",
        "`title`, `status`, `detail`, `code`, `correlation_id`, `errors` (path, problem, example)",
        "and `facts`. Programs key on `code`; people quote `correlation_id`. Pages show the same",
        "problem in words. A `429` or `503` carries `Retry-After`.\n",
    ]
    for title, package, root in (
        ("Backend", "backend", "EcoError"),
        ("Wallet service", "wallet_service", "WalletError"),
    ):
        lines += [f"## {title}\n", "| code | HTTP | meaning |", "|---|---|---|"]
        lines += [
            f"| `{c}` | {status} | {text} |" for c, status, text in error_table(package, root)
        ]
        lines.append("")
    return "\n".join(lines)


def settings_page() -> str:
    """Compose docs/settings.md."""
    lines = [
        "# Settings\n",
        NOTE,
        "Read from the environment, and by the backend from a file `.env` in the working folder. A",
        "default of — means that the setting must be given.\n",
    ]
    for title, settings in (("Backend", Settings), ("Wallet service", WalletSettings)):
        lines += [f"## {title}\n", "| variable | default | meaning |", "|---|---|---|"]
        lines += _setting_rows(settings)
        lines.append("")
    return "\n".join(lines)


def _setting_rows(settings: type[BaseSettings]) -> list[str]:
    prefix = settings.model_config.get("env_prefix", "")
    rows = []
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        variable = alias if isinstance(alias, str) else f"{prefix}{name.upper()}"
        default = "—" if field.is_required() else f"`{_plain(field.default)}`"
        rows.append(f"| `{variable}` | {default} | {field.description} |")
    return rows


def _plain(value: Any) -> str:  # noqa: ANN401 - a default is of any type
    return "" if value is None else str(value).replace("|", "\\|") or "''"


def states_page() -> str:
    """Compose docs/batch-states.md from the one table of legal moves."""
    head = (
        "# The life of a transaction to the chain",
        "",
        NOTE,
        "`backend/batches/rules.py` holds this table; each change of state is one guarded update",
        "that it allows, and the column `state` takes no other value.",
        "",
        "| state | meaning |",
        "|---|---|",
    )
    tree = ast.parse((ROOT / "backend/batches/rules.py").read_text())
    (states,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "BatchState")
    meanings = [
        str(node.value.value)
        for node in states.body[1:]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    rows = [f"| `{state}` | {text} |" for state, text in zip(BatchState, meanings, strict=True)]
    moves = [f"| `{move.source}` | `{move.target}` | {move.reason} |" for move in MOVES]
    return "\n".join([*head, *rows, "", "| from | to | because |", "|---|---|---|", *moves, ""])


PAGES = {
    "docs/errors.md": errors_page,
    "docs/settings.md": settings_page,
    "docs/batch-states.md": states_page,
}


def main() -> int:
    """Write the pages, or say which differ.

    Returns:
        1 when `--check` found a page that is out of date.
    """
    stale = [name for name, page in PAGES.items() if _current(name) != page()]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"{name} is out of date: run 'make docs'", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).write_text(PAGES[name]())
        print(name)
    return 0


def _current(name: str) -> str:
    path = ROOT / name
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
