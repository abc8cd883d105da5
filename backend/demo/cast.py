"""Who plays the journey, and what is expected of every step."""

from dataclasses import dataclass
from pathlib import Path

from backend.demo.people import Person
from backend.demo.processes import DemoError

PENDING_GOAL_S = 0.2
CONFIRMED_GOAL_S = 5.0
PATIENCE = 3
"""The journey fails only beyond three times a goal: a shared machine has slow moments."""
ON_CHAIN_S = PATIENCE * CONFIRMED_GOAL_S


@dataclass
class Cast:
    """Who plays."""

    nadia: Person
    baker: Person
    editor: Person
    approver: Person
    treasurer: Person
    authoriser: Person
    admin: Person
    yanis: Person
    ines: Person
    helper: Person


def assemble(base_url: str, mail: Path) -> Cast:
    """Give everybody a browser of their own."""
    names = {
        "nadia": "Nadia",
        "baker": "the bakery",
        "editor": "Samia",
        "approver": "Luc",
        "treasurer": "Maud",
        "authoriser": "Karim",
        "admin": "Alix",
        "yanis": "Yanis",
        "ines": "Inès",
        "helper": "the association",
    }
    return Cast(**{role: Person(name, base_url, mail) for role, name in names.items()})


def expect(is_true: bool, complaint: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Go on only if something holds.

    Raises:
        DemoError: It does not; the complaint says what.
    """
    if not is_true:
        raise DemoError(complaint)
