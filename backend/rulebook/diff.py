"""What changes between two editions, in words, for the person who approves and for the public."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from backend.kernel.units import points_text
from backend.rulebook.diff_texts import FIELDS, SENTENCES
from backend.rulebook.document import edition_tree, path_text
from backend.rulebook.schema.edition import Edition

_NAMED = ("rules", "caps", "budgets", "require", "variants")
_UNIT_FIELDS = frozenset({"units", "max_units", "max_units_per_act", "units_per_km"})
_ABSENT = object()

Step = str | int


class Change(NamedTuple):
    """One difference: where, the value before, the value after; None where there is none.

    `path` names list items by their id ("rules", "glass", "tariff", …).
    """

    path: tuple[Step, ...]
    before: Any
    after: Any


def changes(before: Edition, after: Edition) -> list[Change]:
    """Return every difference between two editions, in the order of the document.

    Rules, caps, budgets and requirements are matched by id, so moving one is no change unless
    order decides (rules: the first that fits an act wins).
    """
    first, second = edition_tree(before), edition_tree(after)
    found = list(_changes((), first, second))
    orders = ([rule["id"] for rule in tree["rules"]] for tree in (first, second))
    old, new = (list(order) for order in orders)
    shared = [name for name in old if name in new]
    if shared != [name for name in new if name in old]:
        found.append(Change(("rules", "order"), old, new))
    return found


def describe_changes(before: Edition, after: Edition, lang: str) -> list[str]:
    """Return the differences as sentences; one that says so when there is none.

    Args:
        lang: `fr` or `en`; anything else is told in French.
    """
    language = lang if lang in SENTENCES else "fr"
    titles = _titles(before, language) | _titles(after, language)
    found = [_sentence(change, titles, language) for change in changes(before, after)]
    return found or [SENTENCES[language]["same"]]


def _changes(path: tuple[Step, ...], before: Any, after: Any) -> Iterator[Change]:  # noqa: ANN401 - plain values of any kind
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _pair((*path, key), before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif _is_list(before) and _is_list(after):
        yield from _list_changes(path, before, after)
    else:
        yield Change(path, before, after)


def _pair(path: tuple[Step, ...], before: Any, after: Any) -> Iterator[Change]:  # noqa: ANN401 - plain values of any kind
    if before is _ABSENT:
        # A whole list that appears is told item by item, like one that grows.
        if path[-1] in _NAMED and _is_list(after):
            yield from _list_changes(path, [], after)
        else:
            yield Change(path, None, after)
    elif after is _ABSENT:
        if path[-1] in _NAMED and _is_list(before):
            yield from _list_changes(path, before, [])
        else:
            yield Change(path, before, None)
    else:
        yield from _changes(path, before, after)


def _list_changes(
    path: tuple[Step, ...], before: Sequence[Any], after: Sequence[Any]
) -> Iterator[Change]:
    if path[-1] in _NAMED and all(_has_id(item) for item in (*before, *after)):
        old, new = ({item["id"]: item for item in items} for items in (before, after))
        for name in dict.fromkeys([*old, *new]):
            yield from _pair((*path, name), old.get(name, _ABSENT), new.get(name, _ABSENT))
    elif len(before) == len(after) and all(isinstance(item, Mapping) for item in before):
        for at, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changes((*path, at), one, other)
    else:
        yield Change(path, before, after)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _has_id(item: object) -> bool:
    return isinstance(item, Mapping) and "id" in item


def _titles(edition: Edition, lang: str) -> dict[str, str]:
    named = [(rule.id, rule.title) for rule in edition.rules]
    named += [(cap.id, cap.title) for cap in edition.caps if cap.title is not None]
    named += [(budget.id, budget.title) for budget in edition.budgets]
    return {name: title.fr if lang == "fr" else title.en for name, title in named}


def _sentence(change: Change, titles: Mapping[str, str], lang: str) -> str:
    words = SENTENCES[lang]
    where = _where(change.path, titles, lang)
    field = str(change.path[-1])
    shown = _shown(field, lang)
    if change.path == ("rules", "order"):
        return words["order"].format(after=", ".join(change.after))
    if change.before is None:
        return words["added"].format(where=where, after=shown(change.after))
    if change.after is None:
        return words["removed"].format(where=where, before=shown(change.before))
    return words["changed"].format(
        where=where, before=shown(change.before), after=shown(change.after)
    )


def _where(path: Sequence[Step], titles: Mapping[str, str], lang: str) -> str:
    """Name a place: the kind and title of the item, then the field in plain words."""
    names = FIELDS[lang]
    if len(path) > 1 and path[0] in ("rules", "caps", "budgets"):
        name = str(path[1])
        item = f"{names[str(path[0])]} « {titles.get(name, name)} »"
        if lang == "en":
            item = f"{names[str(path[0])]} “{titles.get(name, name)}”"
        rest = path[2:]
    else:
        item, rest = "", path
    if not rest:
        return item
    field = names.get(str(rest[-1]), "")
    detail = f"{field} ({path_text(rest)})" if field else path_text(rest)
    return f"{item}, {detail}" if item else detail


def _shown(field: str, lang: str) -> Callable[[Any], str]:
    def show(value: Any) -> str:  # noqa: ANN401 - a plain value of any kind
        if field in _UNIT_FIELDS and isinstance(value, int) and not isinstance(value, bool):
            return f"{points_text(value, lang=lang)} points"
        if isinstance(value, Mapping):
            return str(value.get("id") or value.get(lang) or _compact(value))
        return _compact(value)

    return show


def _compact(value: Any) -> str:  # noqa: ANN401 - a plain value of any kind
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_compact, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
