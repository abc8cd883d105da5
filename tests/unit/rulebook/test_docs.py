"""The page about the language is what the code does.

To write both files anew: `python -m tests.unit.rulebook.test_docs`.
"""

import json
import re
from pathlib import Path

from backend.rulebook import engine
from backend.rulebook.document import read_tree
from backend.rulebook.schema.examples import json_schema
from backend.rulebook.schema.reference import field_reference

DOCS = Path(__file__).parents[3] / "docs"
PAGE, SCHEMA = DOCS / "rulebook.md", DOCS / "rulebook.schema.json"
MARK = "test_docs.py compares. -->\n\n"


def _schema_text() -> str:
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def test_fields_are_documented_as_the_schema_says() -> None:
    assert PAGE.read_text().partition(MARK)[2] == field_reference()


def test_json_schema_file_is_current() -> None:
    assert SCHEMA.read_text() == _schema_text()


def test_example_of_the_page_is_a_valid_edition() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)

    assert engine.load(example).publication_problems() == []
    assert isinstance(read_tree(example), dict)


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text().partition(MARK)[0] + MARK + field_reference())
    SCHEMA.write_text(_schema_text())
