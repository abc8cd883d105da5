"""A month's statements of every merchant, in several processes, resumable after a kill."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from backend.db.engine import Database
from backend.jobs.steps.payouts import write_whole
from backend.merchants import queries as merchant_queries
from backend.statements import csv_file, pdf
from backend.statements.rules import number_of
from backend.workflows import make_statement

MERCHANTS_AT_ONCE = 25
"""Merchants per task: some half a second of work, so that processes end together."""


@dataclass(frozen=True)
class Job:
    """What every process needs to know.

    Attributes:
        folder: Where the files go; one that is there is whole and is not made again.
    """

    database_url: str
    folder: Path
    month: date
    rate_micro_cents_per_unit: int
    language: str = "fr"


def write_all(job: Job, *, processes: int = 2) -> Iterator[int]:
    """Write PDF and CSV of who was a merchant then; yield after each task how many were written.

    The files of a period bear its end as their time, so a file that is made again after a kill
    has the same bytes.
    """
    tasks = list(_tasks(job))
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, _open, (job,)) as pool:
        yield from pool.map(_write_some, tasks)


def _tasks(job: Job) -> Iterator[Sequence[str]]:
    database = Database(job.database_url)
    try:
        with database.reading() as session:
            # Who joined later has no statement of this month.
            end = make_statement.bounds(*make_statement.month_of(job.month))[1]
            merchant_ids = [m.id for m in merchant_queries.merchants(session) if m.created_at < end]
    finally:
        database.dispose()
    missing = [m for m in merchant_ids if not _path(job, m, "pdf").exists()]
    for start in range(0, len(missing), MERCHANTS_AT_ONCE):
        yield missing[start : start + MERCHANTS_AT_ONCE]


def _path(job: Job, merchant_id: str, kind: str) -> Path:
    first, last = make_statement.month_of(job.month)
    return job.folder / f"{number_of(merchant_id, first, last)}.{kind}"


class _Worker:
    """What a process opens once."""

    job: Job
    database: Database


def _open(job: Job) -> None:
    _Worker.job = job
    _Worker.database = Database(job.database_url)


def _write_some(merchant_ids: Sequence[str]) -> int:
    job = _Worker.job
    first, last = make_statement.month_of(job.month)
    made_at = make_statement.bounds(first, last)[1]
    for merchant_id in merchant_ids:
        with _Worker.database.reading() as session:
            statement = make_statement.collect(
                session,
                merchant_id,
                first=first,
                last=last,
                rate_micro_cents_per_unit=job.rate_micro_cents_per_unit,
                now=made_at,
            )
        write_whole(_path(job, merchant_id, "csv"), csv_file.write(statement))
        # Last, because its presence says that both are done.
        write_whole(_path(job, merchant_id, "pdf"), pdf.write(statement, job.language))
    return len(merchant_ids)
