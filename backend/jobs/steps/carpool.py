"""Questions to the national carpool register about journeys that are due."""

from datetime import timedelta

import structlog

from backend.carpool import service as carpool
from backend.carpool.rules import RegisterStatus
from backend.jobs.carpool_register import JourneyStatus
from backend.jobs.context import Context
from backend.kernel.errors import EcoError
from backend.workflows.carpool import conclude_journey

MAX_PER_STEP = 10
"""So that a slow register does not keep the sender from its own work."""
LEASE = timedelta(minutes=5)

log = structlog.get_logger()


def ask_register(context: Context) -> bool:
    """Ask about each journey whose turn it is; one transaction each, none during a question."""
    with context.database.transaction() as session:
        due = [
            (journey.id or 0, journey.operator_number, journey.operator_journey_id)
            for journey in carpool.take_due(
                session, now=context.clock.now(), lease_for=LEASE, limit=MAX_PER_STEP
            )
        ]
    for journey_id, operator_number, operator_journey_id in due:
        answer = _answer(context, operator_number, operator_journey_id)
        with context.database.transaction() as session:
            conclude_journey(
                session, journey_id, answer.status, answer.labels, now=context.clock.now()
            )
    return bool(due)


def _answer(context: Context, operator_number: int, operator_journey_id: str) -> JourneyStatus:
    try:
        return context.register.status(operator_number, operator_journey_id)
    except EcoError as error:
        # No answer is kept as such: the journey is asked about again, and refused after a week.
        log.warning("register_silent", operator=operator_number, code=error.code)
        return JourneyStatus(RegisterStatus.UNKNOWN)
