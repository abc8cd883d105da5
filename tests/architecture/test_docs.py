import importlib
import re
import runpy
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from tests.support.code import ROOT

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
