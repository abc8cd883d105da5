"""What several nodes say together, when one of them may be lying. Pure functions.

With three nodes or more, a fact is what a majority of the configured ones says, and a number
(height, nonce, fee) is the one that a majority reaches: one node alone can neither invent,
hide nor inflate anything. With one or two nodes there is nobody to outvote a liar; then the
first answer counts.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value", bound=Hashable)

VOTERS_MIN = 3
"""Fewer nodes cannot outvote one of them."""


def needed(nodes: int) -> int:
    """Return how many of the configured nodes have to say the same."""
    return nodes // 2 + 1 if nodes >= VOTERS_MIN else 1


@dataclass(frozen=True)
class Vote(Generic[Value]):
    """The result of asking everybody.

    Attributes:
        value: What enough nodes say; `None` when enough nodes, or all that answered, know
            of nothing.
        is_agreed: Whether there is a result at all.
        against: Names of those who said another thing than the result.
    """

    value: Value | None
    is_agreed: bool
    against: frozenset[str] = frozenset()


def count(answers: Mapping[str, Value | None], *, quorum: int) -> Vote[Value]:
    """Count answers; `None` says that a node knows of nothing, which a late one may truly say.

    Args:
        answers: Node → answer.
    """
    voters: dict[Value, set[str]] = {}
    for name, value in answers.items():
        if value is not None:
            voters.setdefault(value, set()).add(name)
    if not voters:
        return Vote(None, is_agreed=bool(answers))
    value, names = max(voters.items(), key=lambda item: len(item[1]))
    if len(names) >= quorum:
        others = {name for found, said in voters.items() if found != value for name in said}
        return Vote(value, is_agreed=True, against=frozenset(others))
    unknowing = [name for name, found in answers.items() if found is None]
    if len(unknowing) >= quorum:
        # Not yet, say most of them: whoever knows of something is early or lies.
        return Vote(None, is_agreed=True)
    return Vote(None, is_agreed=False)


def reached(numbers: Sequence[int], *, quorum: int) -> int:
    """Return the highest number that a quorum of the answers reaches or passes."""
    ranked = sorted(numbers, reverse=True)
    return ranked[min(quorum, len(ranked)) - 1]
