"""Take a trip in: read its file, keep its bounds, store it once."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from backend.mobility.parsing import parse_trace
from backend.mobility.storing import content_key, pack
from backend.mobility.trace import Area
from backend.trips import service as trips
from backend.trips.models import Trip
from backend.trips.rules import TripSource


@dataclass(frozen=True)
class Sender:
    """Who hands a trip in, and how.

    Attributes:
        device_number: Operator that signed the request; 0 for none.
    """

    account_id: str
    idempotency_key: str
    source: TripSource
    device_number: int = 0


def read(content: bytes, sender: Sender, *, area: Area, now: datetime) -> trips.NewTrip:
    """Read the bytes of a trip; CPU only, so that no transaction waits for it.

    Raises:
        TraceInvalidError: It is no trace within bounds, or none of the territory.
    """
    trace = parse_trace(content, now_t=now.timestamp(), area=area)
    return trips.NewTrip(
        account_id=sender.account_id,
        idempotency_key=sender.idempotency_key,
        content_key=content_key(trace),
        source=sender.source,
        started_at=datetime.fromtimestamp(trace.t.min().item(), UTC),
        ended_at=datetime.fromtimestamp(trace.t.max().item(), UTC),
        points=pack(trace),
        device_number=sender.device_number,
    )


def admit(session: Session, new: trips.NewTrip, *, now: datetime) -> Trip:
    """Store a trip that was read.

    Raises:
        TripLateError, TripKeyReusedError, TripAlreadyKnownError, TripTooManyError: Not taken.
    Effects: one trip row; the jobs judge it.
    """
    return trips.take_in(session, new, now=now)
