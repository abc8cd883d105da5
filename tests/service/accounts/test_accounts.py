from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from backend.accounts import addresses, queries, service, sessions
from backend.accounts.errors import (
    AccountClosedError,
    EmailCodeGoneError,
    EmailCodesTooManyError,
    EmailCodeWrongError,
    EmailInvalidError,
    EmailTakenError,
    RoleNotGrantableError,
)
from backend.accounts.models import Account, LoginSession, StaffGrant
from backend.accounts.rules import AccountKind, AccountState, Actor, Permission, Role
from backend.db.engine import Database
from backend.db.outbox import OutboxMessage
from backend.kernel.errors import EcoError
from tests.support.clock import FrozenClock

LOU = "lou@example.org"


@pytest.fixture
def now(clock: FrozenClock) -> datetime:
    return clock.now()


def send_code(database: Database, now: datetime, email: str = LOU) -> str:
    """Ask for a code and read it in the queued mail."""
    with database.transaction() as session:
        sessions.request_code(session, email, language="fr", now=now)
    with database.reading() as session:
        mails = session.exec(select(OutboxMessage)).all()
        newest = max(mails, key=lambda mail: mail.id)
        subject: str = newest.payload["subject"]
        return subject.split(maxsplit=1)[0]


def guess(database: Database, code: str, now: datetime, email: str = LOU) -> EcoError | None:
    with database.transaction() as session:
        return sessions.try_code(session, email, code, now=now)


def actor(database: Database, token: str, now: datetime) -> Actor | None:
    with database.reading() as session:
        return queries.actor_of_token(session, token, now)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_an_anonymous_phone_can_claim_at_once(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        signed_in = sessions.start_anonymous(session, now=now)

    found = actor(database, signed_in.token, now)

    assert found is not None
    assert found.is_anonymous
    assert found.may(Permission.CLAIM)


def test_the_database_does_not_hold_the_token(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        token = sessions.start_anonymous(session, now=now).token

    with database.reading() as session:
        rows = session.exec(select(LoginSession)).all()
        assert [token in repr(row.model_dump()) for row in rows] == [False]


def test_a_session_ends_at_its_hour(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        staff = service.seed_staff(
            session, email="a@b.fr", display_name="A", role=Role.ADMIN, now=now
        )
        token = sessions.open_session(session, staff, now=now)

    assert actor(database, token, now + timedelta(hours=11)) is not None
    assert actor(database, token, now + timedelta(hours=12)) is None


def test_a_wrong_token_is_nobody(database: Database, now: datetime) -> None:
    assert actor(database, "nonsense", now) is None


def test_the_right_code_is_taken_once(database: Database, now: datetime) -> None:
    code = send_code(database, now)

    assert guess(database, code, now) is None
    assert isinstance(guess(database, code, now), EmailCodeGoneError)


def test_of_many_requests_with_the_right_code_one_gets_in(
    database: Database, now: datetime
) -> None:
    code = send_code(database, now)

    with ThreadPoolExecutor(4) as phones:
        answers = list(phones.map(lambda _: guess(database, code, now), range(4)))

    assert answers.count(None) == 1


def test_a_code_for_one_address_does_not_open_another(database: Database, now: datetime) -> None:
    code = send_code(database, now)

    assert isinstance(guess(database, code, now, "eve@example.org"), EmailCodeGoneError)


def test_wrong_guesses_are_counted_and_the_code_dies(database: Database, now: datetime) -> None:
    code = send_code(database, now)

    answers = [guess(database, wrong(code), now) for _ in range(5)]

    assert [type(answer) for answer in answers] == [EmailCodeWrongError] * 4 + [EmailCodeGoneError]
    assert [answer.facts["tries_left"] for answer in answers[:4] if answer] == [4, 3, 2, 1]
    assert isinstance(guess(database, code, now), EmailCodeGoneError)


def test_a_code_lapses_after_ten_minutes(database: Database, now: datetime) -> None:
    code = send_code(database, now)

    late = now + timedelta(minutes=10)

    assert isinstance(guess(database, code, late), EmailCodeGoneError)


def test_a_newer_code_replaces_the_older_one(database: Database, now: datetime) -> None:
    older = send_code(database, now)
    newer = send_code(database, now + timedelta(seconds=30))

    answer = guess(database, newer, now + timedelta(minutes=1))

    assert answer is None
    assert guess(database, older, now + timedelta(minutes=1)) is not None


def test_an_address_gets_five_codes_an_hour(database: Database, now: datetime) -> None:
    for minute in range(5):
        send_code(database, now + timedelta(minutes=minute))

    with pytest.raises(EmailCodesTooManyError):
        send_code(database, now + timedelta(minutes=59))
    assert send_code(database, now + timedelta(minutes=61))


def test_no_mail_goes_to_what_is_no_address(database: Database, now: datetime) -> None:
    with pytest.raises(EmailInvalidError):
        send_code(database, now, "not an address")


def test_signing_up_keeps_the_account_of_the_phone(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        before = sessions.start_anonymous(session, now=now)
        after = sessions.sign_in(session, LOU, anonymous_id=before.account.id, now=now)

    assert after.account.id == before.account.id
    assert after.account.state == AccountState.ACTIVE
    assert after.merge_source_id is None
    assert actor(database, before.token, now) is None, "the token of before must not live on"


def test_signing_in_to_an_own_account_merges_the_phone(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        first = sessions.sign_in(session, LOU, anonymous_id=None, now=now)
        phone = sessions.start_anonymous(session, now=now)
        second = sessions.sign_in(session, LOU, anonymous_id=phone.account.id, now=now)
        phone_id = phone.account.id

    with database.reading() as session:
        merged = session.get(Account, phone_id)
        assert merged is not None
        assert merged.state == AccountState.MERGED
        assert merged.merged_into_id == first.account.id
    assert second.account.id == first.account.id
    assert second.merge_source_id == phone_id


def test_a_signed_in_account_is_never_merged_into_another(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        lou = sessions.sign_in(session, LOU, anonymous_id=None, now=now)
        eve = sessions.sign_in(session, "eve@example.org", anonymous_id=lou.account.id, now=now)

        assert eve.merge_source_id is None
        assert eve.account.id != lou.account.id


def test_an_erased_account_cannot_sign_in(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        account = sessions.sign_in(session, LOU, anonymous_id=None, now=now).account
        account.state = AccountState.ERASED
        session.add(account)
        session.flush()

        with pytest.raises(AccountClosedError):
            sessions.sign_in(session, LOU, anonymous_id=None, now=now)


def test_signing_out_ends_this_browser_only(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        phone = sessions.sign_in(session, LOU, anonymous_id=None, now=now).token
        tablet = sessions.sign_in(session, LOU, anonymous_id=None, now=now).token
    on_phone = actor(database, phone, now)
    assert on_phone is not None

    with database.transaction() as session:
        sessions.sign_out(session, on_phone.session_id)

    assert actor(database, phone, now) is None
    assert actor(database, tablet, now) is not None


def test_signing_out_everywhere_ends_all(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        tokens = [sessions.sign_in(session, LOU, anonymous_id=None, now=now) for _ in range(3)]
        ended = sessions.sign_out_everywhere(session, tokens[0].account.id)

    assert ended == 3
    assert [actor(database, signed_in.token, now) for signed_in in tokens] == [None] * 3


def test_two_accounts_never_share_an_address(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        sessions.sign_in(session, LOU, anonymous_id=None, now=now)

        with pytest.raises(EmailTakenError):
            service.create_account(
                session,
                kind=AccountKind.CITIZEN,
                email=" LOU@example.org",
                display_name="",
                now=now,
            )


def test_staff_gets_a_role_once(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        for _ in range(2):
            service.seed_staff(session, email="a@b.fr", display_name="A", role=Role.FIELD, now=now)

    with database.reading() as session:
        assert [grant.role for grant in session.exec(select(StaffGrant)).all()] == [Role.FIELD]


def test_citizens_get_no_role(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        lou = sessions.sign_in(session, LOU, anonymous_id=None, now=now).account

        with pytest.raises(RoleNotGrantableError):
            service.grant_role(session, lou, Role.ADMIN, now=now)


def test_active_people_wait_for_an_address_of_the_chain(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        lou = sessions.sign_in(session, LOU, anonymous_id=None, now=now).account
        sessions.start_anonymous(session, now=now)

        before = queries.needing_address(session, genesis_hash="0x1")
        addresses.add_address(
            session, account_id=lou.id, genesis_hash="0x1", address="0xA", index=0, now=now
        )

        assert list(before) == [lou.id]
        assert list(queries.needing_address(session, genesis_hash="0x1")) == []
        assert list(queries.needing_address(session, genesis_hash="0x2")) == [lou.id]


def test_rewards_go_to_the_newest_address_and_the_oldest_is_spent(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        lou = sessions.sign_in(session, LOU, anonymous_id=None, now=now).account
        for index, address in enumerate(("0xOld", "0xNew")):
            addresses.add_address(
                session,
                account_id=lou.id,
                genesis_hash="0x1",
                address=address,
                index=index,
                now=now,
            )

        assert queries.spending_address(session, lou.id) == "0xOld"
        assert queries.addresses(session, [lou.id], genesis_hash="0x1") == {lou.id: "0xNew"}
        assert queries.owner_of_address(session, "0xNew", genesis_hash="0x1") == lou.id


def test_an_address_of_an_old_chain_is_not_spent(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        lou = sessions.sign_in(session, LOU, anonymous_id=None, now=now).account
        for genesis, later in (("0x1", 0), ("0x2", 60)):
            addresses.add_address(
                session,
                account_id=lou.id,
                genesis_hash=genesis,
                address=f"on {genesis}",
                index=0,
                now=now + timedelta(seconds=later),
            )

        assert queries.spending_address(session, lou.id) == "on 0x2"
        assert queries.spending_address(session, lou.id, genesis_hash="0x1") == "on 0x1"


def test_recording_an_address_twice_changes_nothing(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        lou = sessions.sign_in(session, LOU, anonymous_id=None, now=now).account
        made = [
            addresses.add_address(
                session, account_id=lou.id, genesis_hash="0x1", address="0xA", index=0, now=now
            )
            for _ in range(2)
        ]

    assert made == [True, False]


def test_what_is_over_is_deleted(database: Database, now: datetime) -> None:
    send_code(database, now)
    with database.transaction() as session:
        staff = service.seed_staff(
            session, email="a@b.fr", display_name="A", role=Role.ADMIN, now=now
        )
        sessions.open_session(session, staff, now=now)

    with database.transaction() as session:
        early = sessions.purge(session, now + timedelta(minutes=30))
        late = sessions.purge(session, now + timedelta(days=1))

    assert (early, late) == (0, 2)
