"""A validated edition with its prepared form and its hash."""

from backend.rulebook.document import canonical_bytes, canonical_hash
from backend.rulebook.prepared.book import PreparedBook
from backend.rulebook.schema.edition import Edition
from backend.rulebook.validate import publication_problems
from backend.rulebook.validate_problem import Problem


class Rulebook:
    """An immutable edition, ready to answer for acts.

    Attributes:
        edition: The document as validated.
        prepared: The document as functions; internal to the engine and the simulator.
    """

    __slots__ = ("_hash", "edition", "prepared")

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.prepared = PreparedBook(edition)
        self._hash: str | None = None

    @property
    def id(self) -> str:
        """Name of the edition."""
        return self.edition.edition.id

    @property
    def number(self) -> int:
        """Number of the edition on chain."""
        return self.edition.edition.number

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical document, hex."""
        if self._hash is None:
            self._hash = canonical_hash(self.edition)
        return self._hash

    def canonical(self) -> bytes:
        """Return the canonical document."""
        return canonical_bytes(self.edition)

    def publication_problems(self) -> list[Problem]:
        """Return what keeps it from being published; empty when it may be."""
        return publication_problems(self.edition)
