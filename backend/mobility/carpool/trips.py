"""What a carpool trip is to the checks: one driver, one passenger, one operator, one journey."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class TripStatus(StrEnum):
    """Life of a journey at the register, in the order in which it can happen."""

    PENDING = "pending"
    """Received, not judged yet."""
    OK = "ok"
    """Passed every check."""
    CANCELED = "canceled"
    """Withdrawn by the operator."""
    EXPIRED = "expired"
    """Received too late."""
    TERMS_VIOLATION = "terms_violation_error"
    """Refused by a check on arrival."""
    ANOMALY = "anomaly_error"
    """Refused by a later check of plausibility."""
    FRAUD = "fraud_error"
    """Refused by a check between operators."""


NOT_COUNTED = frozenset({TripStatus.CANCELED, TripStatus.EXPIRED, TripStatus.TERMS_VIOLATION})
"""Such trips count towards no limit. The register's query means this and says `<> ANY`, which
is true for every status, so that cancelled trips do count there."""


@dataclass(frozen=True, slots=True)
class CarpoolTrip:
    """One passenger's journey in one car.

    Attributes:
        trip_id: The operator's; shared by all passengers of one ride.
        operator: Who sent it.
        driver: Pseudonym, equal across operators.
        passenger: Pseudonym, equal across operators.
        started_at: When the passenger got in; aware.
        ended_at: When the passenger got out; aware.
        received_at: When we got it; aware.
        distance_m: As declared.
        status: What is known of it so far.
        route_distance_m: Along the road by a route engine; `None` when nobody asked one.
        route_duration_s: By the same engine.
    """

    trip_id: str
    operator: str
    driver: str
    passenger: str
    started_at: datetime
    ended_at: datetime
    received_at: datetime
    distance_m: int
    status: TripStatus = TripStatus.PENDING
    route_distance_m: int | None = None
    route_duration_s: int | None = None

    def __post_init__(self) -> None:
        """Keep instants in UTC: Python subtracts wall clocks when both sides share a zone.

        Raises:
            ValueError: A time has no zone.
        """
        for name in ("started_at", "ended_at", "received_at"):
            moment: datetime = getattr(self, name)
            if moment.tzinfo is None:
                raise ValueError(f"{name} has no time zone")
            object.__setattr__(self, name, moment.astimezone(UTC))

    @property
    def duration_s(self) -> float:
        """Seconds from getting in to getting out."""
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def people(self) -> frozenset[str]:
        """Both people on board."""
        return frozenset({self.driver, self.passenger})

    @property
    def is_counted(self) -> bool:
        """Tell whether the trip counts towards limits of other trips."""
        return self.status not in NOT_COUNTED

    def day(self, zone: ZoneInfo) -> date:
        """Return the local calendar day on which the passenger got in."""
        return self.started_at.astimezone(zone).date()


def overlap(one: CarpoolTrip, other: CarpoolTrip) -> timedelta:
    """Return how long both trips last at once; zero when they do not meet."""
    shared = min(one.ended_at, other.ended_at) - max(one.started_at, other.started_at)
    return max(shared, timedelta(0))


def gap(one: CarpoolTrip, other: CarpoolTrip) -> timedelta:
    """Return the time between two trips; negative while they overlap, contained ones included."""
    return max(one.started_at, other.started_at) - min(one.ended_at, other.ended_at)
