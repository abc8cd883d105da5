"""`calanque statements`: whose files are written for a month."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.jobs import statement_files
from backend.merchants.models import Merchant
from tests.support import builders
from tests.support.clock import FrozenClock


@pytest.mark.parametrize(("months_later", "expected"), [(0, 2), (1, 1)])
def test_who_joined_after_a_month_has_no_statement_of_it(
    sqlite_url: str, clock: FrozenClock, tmp_path: Path, months_later: int, expected: int
) -> None:
    database = Database(sqlite_url)
    early, late = (builders.make_merchant(database, clock) for _ in range(2))
    with database.transaction() as session:
        shop = session.get_one(Merchant, late.id)
        shop.created_at = clock.now() + timedelta(days=31 * months_later)
        session.add(shop)
    month: date = clock.now().date().replace(day=1)
    job = statement_files.Job(sqlite_url, tmp_path, month, 1000)

    planned = [merchant_id for task in statement_files._tasks(job) for merchant_id in task]

    assert (early.id in planned, len(planned)) == (True, expected)
    database.dispose()
