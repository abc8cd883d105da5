"""What a browser reads from a page: the hidden fields of a form, and what is said to be wrong."""

from html.parser import HTMLParser

PROBLEM_CLASS = "field-problem"


class _Reader(HTMLParser):
    """Walks through a page once."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.problem = ""
        self._form: dict[str, str] = {}
        self._problem_tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, their hidden fields, and where a problem begins."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action", ""), {})
        elif tag == "input" and given.get("type") == "hidden":
            self._form[given.get("name", "")] = given.get("value", "")
        if PROBLEM_CLASS in given.get("class", "").split() and not self.problem:
            self._problem_tag = tag

    def handle_data(self, data: str) -> None:
        """Collect the words of the problem."""
        if self._problem_tag:
            self.problem += data

    def handle_endtag(self, tag: str) -> None:
        """Note where form and problem end."""
        if tag == "form":
            self._form = {}
        if tag == self._problem_tag:
            self._problem_tag = ""


def hidden_fields(page: str, action: str) -> dict[str, str] | None:
    """Return what the form with this action sends without being asked; `None` without such one."""
    return _read(page).forms.get(action)


def problem_in(page: str) -> str:
    """Return what a page says is wrong with what was typed; empty when nothing is."""
    return _read(page).problem.strip()


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    return reader
