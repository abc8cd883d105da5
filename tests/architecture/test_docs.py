import importlib
import re
import runpy
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from backend import cli
from tests.support.code import ROOT

EVENT = re.compile(r"\blog\w*\.(?:warning|error|exception)\(\s*\"([a-z_]+)\"")
FIGURE = re.compile(r"\"(calanque_[a-z_]+)\"")
COMMAND = re.compile(r"`calanque ([a-z-]+)")
NO_ALERT = {"calanque_batches", "calanque_node_height", "calanque_waiting"}
"""Figures that explain an alert and are none themselves."""
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
GENERATED = runpy.run_path(str(ROOT / "scripts/dev/write_docs.py"))["PAGES"]


def _pages() -> list[Path]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").rglob("*.md")]
    return sorted(pages)


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in _pages()
        for target, _ in LINK.findall(page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert not broken, "\n".join(broken)


def test_each_decision_is_in_the_index_under_its_title() -> None:
    folder = ROOT / "docs/adr"
    index = (folder / "README.md").read_text()

    missing = [
        page.name
        for page in sorted(folder.glob("0*.md"))
        if page.name != "0000-template.md" and f"]({page.name})" not in index
    ]

    assert not missing, "\n".join(missing)


def test_decisions_have_one_number_each() -> None:
    numbers = [page.name[:4] for page in (ROOT / "docs/adr").glob("0*.md")]

    assert sorted(numbers) == sorted(set(numbers))


def test_each_make_target_says_what_it_does() -> None:
    text = (ROOT / "Makefile").read_text()
    public = {
        name for line in re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE) for name in line.split()
    }
    described = set(re.findall(r"^([a-z0-9-]+):.*(?:##|# )", text, re.MULTILINE))

    assert public == described


def test_continuous_integration_runs_the_command_of_the_readme() -> None:
    assert "exec make test\n" in (ROOT / ".ci/run").read_text()
    assert "\nmake test " in (ROOT / "README.md").read_text()


def test_the_design_names_each_room() -> None:
    design = (ROOT / "docs/architecture.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "backend").glob("*/__init__.py")}

    assert not sorted(room for room in rooms if f"`{room}`" not in design)


@pytest.mark.parametrize("name", GENERATED)
def test_page_written_from_the_code_is_up_to_date(name: str) -> None:
    assert (ROOT / name).read_text() == GENERATED[name](), "run 'make docs'"


def test_each_column_of_each_table_is_described() -> None:
    for path in sorted((ROOT / "backend").glob("*/models.py")):
        importlib.import_module(f"backend.{path.parent.name}.models")
    tables = [kind for kind in SQLModel.__subclasses__() if hasattr(kind, "__table__")]

    silent = [
        f"{table.__name__}.{name}"
        for table in tables
        for name, field in table.model_fields.items()
        if not field.description and name != "id"
    ]

    assert tables
    assert not silent, "\n".join(silent)


def _sources() -> str:
    folders = (ROOT / "backend", ROOT / "wallet_service")
    return "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))


def _runbook() -> str:
    return (ROOT / "docs/runbook.md").read_text()


def test_the_runbook_explains_each_event_that_the_log_warns_of() -> None:
    events = set(EVENT.findall(_sources()))

    assert len(events) > 20
    assert sorted(event for event in events if f"| `{event}` |" not in _runbook()) == []


def test_the_runbook_has_an_alert_for_each_figure() -> None:
    figures = set(FIGURE.findall(_sources())) - NO_ALERT
    rows = [line for line in _runbook().splitlines() if line.startswith("| `calanque_")]

    missing = [f for f in figures if not any(row.startswith(f"| `{f}") for row in rows)]
    assert sorted(missing) == []


def test_the_commands_and_entries_that_the_runbook_names_exist() -> None:
    text = _runbook()
    commands = {c.name or c.callback.__name__ for c in cli.app.registered_commands if c.callback}
    groups = {group.name for group in cli.app.registered_groups}
    headings = {
        re.sub(r"[^a-z0-9 _-]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }

    assert set(COMMAND.findall(text)) <= commands | groups
    anchors = {
        anchor[1:] for target, anchor in re.findall(r"\]\(([^)#]*)(#[^)]+)\)", text) if not target
    }
    assert sorted(anchors - headings) == []
