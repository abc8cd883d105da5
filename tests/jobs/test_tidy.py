from datetime import timedelta

from backend.accounts import service as accounts
from backend.accounts import sessions
from backend.accounts.rules import Role
from backend.jobs.steps.tidy import purge_accounts
from tests.support.works import Works


def test_sessions_that_are_over_are_deleted_once(works: Works) -> None:
    yesterday = works.context.clock.now() - timedelta(days=1)
    with works.context.database.transaction() as session:
        staff = accounts.seed_staff(
            session, email="a@test.example", display_name="A", role=Role.FIELD, now=yesterday
        )
        sessions.open_session(session, staff, now=yesterday)

    assert [purge_accounts(works.context) for _ in range(2)] == [True, False]
