"""What happens in the simulated town: one act, and its calendar."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 30
FIRST_DAY, LAST_DAY = -90, 90
"""Three months before make the histories, two months after decide what becomes of waiting."""
DAY_S = 86_400
OWN_PHONE = -1
"""A browser in which nobody else ever signs in."""
Person: TypeAlias = tuple[int, int]
"""Agent and account: whom the scheme takes for one person."""


@dataclass(frozen=True, slots=True)
class TownAct:
    """One claim as it arrives; `is_real` is what nobody but the simulation knows.

    Attributes:
        phone: The browser; equal numbers are one browser.
    """

    at_s: int
    agent: int
    account: int
    station: int
    kind: str
    material: str
    items: int
    is_real: bool = True
    gps_error_m: int = 0
    gps_accuracy_m: int = 15
    is_device_suspect: bool = False
    phone: int = OWN_PHONE

    @property
    def person(self) -> Person:
        """Whom the scheme takes for the one who acted."""
        return self.agent, self.account
