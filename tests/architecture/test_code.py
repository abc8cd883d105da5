import ast
import re

import pytest

from tests.support.code import ROOT, Module, modules

BACKEND = ("backend",)
OURS = ("backend", "wallet_service")
EVERYTHING = ("backend", "wallet_service", "scripts", "tests")
MONEY_ROOMS = {
    "accounts", "actions", "batches", "books", "kernel", "ledger", "market", "merchants", "offers",
    "payouts", "radar", "review", "rewards", "rulebook", "settlement", "statements", "trips",
    "workflows",
}  # fmt: skip
COMMIT_ALLOWED = {"backend/db/engine.py", "wallet_service/store.py"}
CLOCK_ALLOWED = {"backend/kernel/clock.py", "wallet_service/clock.py"}
# It draws a synthetic city for forecasts: shares of people, no amount of points or money.
FLOAT_ALLOWED = {"backend/rulebook/population.py"}
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70
MAX_TEMPLATE_LINES = 150


def _calls(module: Module) -> list[ast.Call]:
    return [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]


def test_only_the_engine_commits_and_rolls_back() -> None:
    found = [
        module.at(call)
        for module in modules(*OURS)
        if module.name not in COMMIT_ALLOWED
        for call in _calls(module)
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"commit", "rollback"}
    ]

    assert not found, "\n".join(found)


def test_only_the_clock_reads_the_time() -> None:
    readers = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}

    found = [
        module.at(call)
        for module in modules(*OURS)
        if module.name not in CLOCK_ALLOWED
        for call in _calls(module)
        if ".".join(ast.unparse(call.func).split(".")[-2:]) in readers
    ]

    assert not found, "\n".join(found)


def _is_type_test(node: ast.AST, module: Module) -> bool:
    return any(
        ast.unparse(call.func) == "isinstance" and node in ast.walk(call.args[1])
        for call in _calls(module)
        if len(call.args) > 1
    )


def test_rooms_of_points_and_money_hold_no_float() -> None:
    found = []
    for module in modules(*BACKEND):
        if module.room not in MONEY_ROOMS or module.name in FLOAT_ALLOWED:
            continue
        for node in ast.walk(module.tree):
            is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            # Refusing a float needs its name; nothing else does.
            is_name = isinstance(node, ast.Name) and node.id == "float"
            if is_literal or (is_name and not _is_type_test(node, module)):
                found.append(module.at(node))

    assert not found, "\n".join(found)


def test_slices_and_workflows_make_no_network_call() -> None:
    network = ("httpx2", "requests", "urllib.request", "socket", "smtplib", "http.client", "web3")
    edges = {"api", "app", "chain", "http", "jobs", "kiosk", "web", "demo"}

    found = [
        module.at(node)
        for module in modules(*BACKEND)
        if module.room not in edges and not module.room.startswith("cli")
        for name, node in module.imports()
        if name.startswith(network)
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("packages", "allowed"),
    [
        (("web3", "eth_abi"), "backend/chain/"),
        (("eth_account", "coincurve", "pkcs11"), "wallet_service/"),
        (("alembic",), "backend/db/"),
    ],
)
def test_a_library_stays_in_its_room(packages: tuple[str, ...], allowed: str) -> None:
    found = [
        module.at(node)
        for module in modules(*OURS)
        if not module.name.startswith(allowed)
        for name, node in module.imports()
        if name.split(".")[0] in packages
    ]

    assert not found, "\n".join(found)


def test_files_and_functions_stay_short() -> None:
    found = []
    for module in modules(*EVERYTHING):
        if len(module.text.splitlines()) > MAX_FILE_LINES:
            found.append(module.name)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    found.append(f"{module.at(node)} {node.name}: {lines} lines")

    assert not found, "\n".join(found)


def test_templates_stay_short() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "backend").rglob("*.html")
        if len(path.read_text().splitlines()) > MAX_TEMPLATE_LINES
    ]

    assert not found, "\n".join(found)


def test_no_test_is_skipped() -> None:
    words = {"skip", "skipif", "xfail", "importorskip"}

    found = [
        module.at(node)
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in words
    ]

    assert not found, "\n".join(found)


def test_each_exception_from_a_checker_names_its_rule_and_reason() -> None:
    exception = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<rest>.*)")
    reasoned = re.compile(r"(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[a-z-]+(,\s*[a-z-]+)*\])\s+\S.{5,}")

    found = [
        f"{module.name}:{number}"
        for module in modules(*OURS)
        for number, line in enumerate(module.text.splitlines(), 1)
        if (match := exception.search(line)) and not reasoned.match(match["rest"])
    ]

    assert not found, "\n".join(found)


def test_no_html_in_python() -> None:
    tag = re.compile(r"</(a|b|div|p|span|html|body|td|li|button|form)>")

    found = [
        module.at(node)
        for module in modules(*OURS)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and tag.search(node.value)
    ]

    assert not found, "\n".join(found)
