from datetime import timedelta

import pytest

from backend.accounts import rules
from backend.accounts.mails import sign_in_mail
from backend.accounts.rules import AccountKind, AccountState, Permission, Role
from tests.support.clock import NOON


@pytest.mark.parametrize(
    ("typed", "normalised"),
    [
        ("lou@example.org", "lou@example.org"),
        ("  Lou.Martin@Example.ORG ", "lou.martin@example.org"),
        ("lou+points@example.org", "lou+points@example.org"),
        ("lou@exämple.org", "lou@xn--exmple-cua.org"),
        ("ｌｏｕ@example.org", "lou@example.org"),
    ],
)
def test_spells_an_address_in_one_way(typed: str, normalised: str) -> None:
    assert rules.normalise_email(typed) == normalised


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "lou",
        "lou@",
        "@example.org",
        "lou@example",
        "lou@@example.org",
        "lou martin@example.org",
        "lou@exa mple.org",
        "lou@example.org\nBcc: eve@example.org",
        "Lou <lou@example.org>",
        "a" * 65 + "@example.org",
        "lou@" + "a" * 64 + ".org",
        "lou@" + "a." * 130 + "org",
    ],
)
def test_refuses_what_is_no_address(typed: str) -> None:
    assert rules.normalise_email(typed) is None


def test_codes_have_six_digits_and_differ() -> None:
    codes = {rules.new_code() for _ in range(50)}

    assert len(codes) > 40
    assert all(len(code) == 6 and code.isdigit() for code in codes)


@pytest.mark.parametrize("typed", ["123456", " 123 456 ", "123-456", "code: 123456."])
def test_reads_a_code_as_people_type_it(typed: str) -> None:
    assert rules.clean_code(typed) == "123456"


def test_code_hash_depends_on_code_address_and_salt() -> None:
    base = rules.code_hash("123456", email="a@b.fr", salt="s")

    others = {
        rules.code_hash("123457", email="a@b.fr", salt="s"),
        rules.code_hash("123456", email="c@b.fr", salt="s"),
        rules.code_hash("123456", email="a@b.fr", salt="t"),
    }

    assert base not in others
    assert len(others) == 3


def test_tokens_are_long_and_only_their_hash_is_kept() -> None:
    token = rules.new_token()

    assert len(token) >= 43
    assert token not in rules.token_hash(token)


@pytest.mark.parametrize(
    ("kind", "granted", "roles"),
    [
        (AccountKind.CITIZEN, [], {Role.CITIZEN}),
        (AccountKind.CITIZEN, [Role.ADMIN], {Role.CITIZEN}),
        (AccountKind.MERCHANT, [Role.ADMIN], {Role.CITIZEN, Role.MERCHANT}),
        (AccountKind.CLERK, [Role.ADMIN], {Role.CLERK}),
        (AccountKind.STAFF, [Role.CLERK], {Role.CITIZEN}),
        (AccountKind.STAFF, [Role.ADMIN], {Role.CITIZEN, Role.ADMIN}),
        (AccountKind.STAFF, [Role.MERCHANT], {Role.CITIZEN}),
        (AccountKind.SERVICE, [Role.ADMIN], set()),
    ],
)
def test_grants_count_for_staff_only(
    kind: AccountKind, granted: list[Role], roles: set[Role]
) -> None:
    assert rules.roles_of(kind, granted) == roles


def test_nobody_can_both_write_and_approve_rules_with_one_role() -> None:
    both = {Permission.DRAFT_RULES, Permission.APPROVE_RULES}

    assert not [role for role, allowed in rules.PERMISSIONS.items() if both <= allowed]


def test_an_auditor_reads_and_is_the_second_pair_of_eyes_only() -> None:
    reading = {
        Permission.AUDIT,
        Permission.READ_OPERATIONS,
        Permission.READ_RULES,
        Permission.READ_TREASURY,
    }

    assert rules.PERMISSIONS[Role.AUDITOR] - reading == {Permission.RUN_OPERATIONS}


@pytest.mark.parametrize(
    ("state", "can_claim", "can_look"),
    [
        (AccountState.ANONYMOUS, True, True),
        (AccountState.ACTIVE, True, True),
        (AccountState.FROZEN, False, True),
        (AccountState.ERASED, False, False),
        (AccountState.MERGED, False, False),
    ],
)
def test_the_state_of_an_account_limits_its_roles(
    *, state: AccountState, can_claim: bool, can_look: bool
) -> None:
    allowed = rules.permissions_of(state, [Role.CITIZEN])

    assert (Permission.CLAIM in allowed) is can_claim
    assert (Permission.READ_OWN in allowed) is can_look


def test_staff_sessions_end_within_a_day_and_phones_stay() -> None:
    staff = rules.session_ends(AccountKind.STAFF, started_at=NOON)
    citizen = rules.session_ends(AccountKind.CITIZEN, started_at=NOON)

    assert staff - NOON <= timedelta(hours=24)
    assert citizen - NOON >= timedelta(days=365)


def test_programs_have_no_sessions() -> None:
    with pytest.raises(KeyError):
        rules.session_ends(AccountKind.SERVICE, started_at=NOON)


@pytest.mark.parametrize(
    ("language", "word"), [("fr", "connexion"), ("en", "sign-in"), ("de", "connexion")]
)
def test_mail_carries_the_code_in_the_language_of_the_reader(language: str, word: str) -> None:
    subject, text = sign_in_mail("123456", language)

    assert "123456" in subject
    assert word in subject
    assert "123456" in text
    assert "10" in text
