"""Questions to the national carpool register about journeys that are due."""

import time
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
ROUND_S = 1.0
"""After which a round asks nobody else; with the client's own limit the loop waits for three
seconds at most, in each half minute."""
LEASE = timedelta(minutes=5)

log = structlog.get_logger()


def ask_register(context: Context) -> bool:
    """Ask about journeys whose turn it is; one transaction each, none during a question.

    Returns:
        True when there may be more at once; False also when the round's time is used up, so that
        a slow register gets one round in half a minute and the sender all the rest.
    """
    began_s = time.monotonic()
    for _ in range(MAX_PER_STEP):
        with context.database.transaction() as session:
            due = [
                (journey.id or 0, journey.operator_number, journey.operator_journey_id)
                for journey in carpool.take_due(
                    session, now=context.clock.now(), lease_for=LEASE, limit=1
                )
            ]
        if not due:
            return False
        [(journey_id, operator_number, operator_journey_id)] = due
        answer = _answer(context, operator_number, operator_journey_id)
        with context.database.transaction() as session:
            conclude_journey(
                session, journey_id, answer.status, answer.labels, now=context.clock.now()
            )
        if time.monotonic() - began_s > ROUND_S:
            return False
    return True


def _answer(context: Context, operator_number: int, operator_journey_id: str) -> JourneyStatus:
    try:
        return context.register.status(operator_number, operator_journey_id)
    except EcoError as error:
        # No answer is kept as such: the journey is asked about again, and refused after a week.
        log.warning("register_silent", operator=operator_number, code=error.code)
        return JourneyStatus(RegisterStatus.UNKNOWN)
