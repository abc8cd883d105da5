"""Forecasts of drafts, computed beside the loop so that no payment waits for them."""

import threading
from datetime import timedelta

import structlog

from backend.jobs.context import Context
from backend.kernel.errors import EcoError
from backend.rulebook import service
from backend.workflows import forecast

LEASE = timedelta(minutes=10)

log = structlog.get_logger()


def start_forecast(context: Context) -> bool:
    """Take a waiting forecast and compute it in a thread of its own.

    A runner that dies leaves its lease behind; another one starts over.
    """
    with context.database.transaction() as session:
        number = service.take_forecast(session, now=context.clock.now(), lease_for=LEASE)
    if number is None:
        return False
    name = f"forecast {number}"
    threading.Thread(target=compute, args=(context, number), name=name, daemon=True).start()
    return True


def compute(context: Context, number: int) -> None:
    """Compute one forecast and store it, or why it failed.

    Effects: forecast done or failed.
    """
    try:
        with context.database.reading() as session:
            material = forecast.gather(
                session, number, region=context.region_codes, now=context.clock.now()
            )
        if material is None:
            return
        _note(context, number, progress_percent=40, basis=material.basis, acts=len(material.acts))
        result = forecast.compare(material)
    except EcoError as error:
        _note(context, number, state="failed", error=error.message)
        return
    except Exception:
        log.exception("forecast_failed", edition=number)
        _note(context, number, state="failed", error="It broke; the log says how.")
        return
    finished_at = context.clock.now()
    _note(
        context,
        number,
        state="done",
        progress_percent=100,
        result=result,
        finished_at=finished_at,
    )


def _note(context: Context, number: int, **changes: object) -> None:
    with context.database.transaction() as session:
        service.note_forecast(session, number, **changes)
