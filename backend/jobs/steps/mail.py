"""Delivery of mails from the outbox."""

import smtplib
from datetime import timedelta

from backend.db import outbox
from backend.jobs.context import Context
from backend.jobs.mail import message_of

LEASE = timedelta(seconds=60)
MAX_PER_STEP = 20


def deliver_mails(context: Context) -> bool:
    """Deliver due mails; a failed one is tried again later."""
    with context.database.transaction() as session:
        due = outbox.lease(
            session,
            kind="mail",
            now=context.clock.now(),
            limit=MAX_PER_STEP,
            lease_for=LEASE,
        )
    for message in due:
        error = _deliver(context, message.payload)
        with context.database.transaction() as session:
            if error is None:
                outbox.mark_done(session, message.id)
            else:
                outbox.mark_failed(session, message, error=error, now=context.clock.now())
    return bool(due)


def _deliver(context: Context, payload: dict[str, str]) -> str | None:
    try:
        context.mail.deliver(message_of(payload, sender=context.mail_from))
    except (OSError, smtplib.SMTPException, KeyError, ValueError) as error:
        # KeyError, ValueError: no message can be made of it; it is buried after its last try.
        return f"{type(error).__name__}: {error}"
    return None
