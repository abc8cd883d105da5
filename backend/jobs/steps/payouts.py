"""Days are closed, held payouts fall due, released files go to the bank, solvency is noted."""

import os
from pathlib import Path

from backend.jobs.context import Context
from backend.payouts import queries, service
from backend.payouts.models import PayoutFile
from backend.payouts.rules import FileState
from backend.workflows import close_day, pay_out, solvency


def close_days(context: Context) -> bool:
    """Close yesterday for the next shops; True when there are more."""
    now = context.clock.now()
    closing = close_day.last_day(now)
    with context.database.reading() as session:
        if close_day.is_done(session, closing.day):
            return False
    with context.database.transaction() as session:
        return close_day.close_some(
            session,
            closing,
            rate_micro_cents_per_unit=context.rate_micro_cents_per_unit,
            at=now,
        )


def owe_missed(context: Context) -> bool:
    """Owe burns that were final before there were payouts; nothing in everyday life."""
    with context.database.transaction() as session:
        return pay_out.owe_missed(session, at=context.clock.now()) > 0


def release_lapsed(context: Context) -> bool:
    """Make held payouts due whose time has come."""
    with context.database.transaction() as session:
        return service.release_lapsed(session, context.clock.now()) > 0


def deliver_files(context: Context) -> bool:
    """Hand released files to the bank: into the folder that its transfer client watches.

    A runner that is killed between writing and booking writes the same bytes under the same
    name again; the bank knows a message by its MsgId and takes it once. A file that was found
    after a restore is there already.
    """
    with context.database.reading() as session:
        released = queries.files_in(session, FileState.RELEASED)
    for file in released:
        _deliver(context, file)
    return bool(released)


def note_solvency(context: Context) -> bool:
    """Write today's line of the public solvency figure."""
    with context.database.transaction() as session:
        solvency.note(
            session,
            day=context.clock.now().astimezone(close_day.ZONE).date(),
            rate_micro_cents_per_unit=context.rate_micro_cents_per_unit,
        )
    return False


def _deliver(context: Context, file: PayoutFile) -> None:
    if not file.is_found:
        write_whole(context.sepa_folder / f"{file.message_id}.xml", file.xml.encode())
    with context.database.transaction() as session:
        pay_out.mark_sent(session, file.id, at=context.clock.now())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it, and that it survives a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(path.suffix + ".partial")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
