from datetime import timedelta

import pytest

from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.market.models import Payment
from backend.market.rules import PaymentState, PaymentWay
from backend.rewards.models import Receipt, Reward
from backend.web import history
from backend.web.contexts import HistoryLine
from tests.support.clock import NOON


def claim(state: str = ClaimState.ACCEPTED) -> Claim:
    return Claim(
        incarnation=1,
        account_id="lou",
        idempotency_key="k" * 8,
        body_hash="",
        kind="deposit",
        code_ref="deposit:1:1",
        device_number=1,
        occurred_at=NOON,
        received_at=NOON,
        evidence={"facts": {"material": "glass", "count": 2}},
        state=state,
    )


def receipt(units: int = 200) -> Receipt:
    return Receipt(
        claim_id=1,
        account_id="lou",
        edition_number=1,
        edition_hash="",
        units=units,
        lines=[],
        public={},
        private={},
        salt="",
        leaf="",
        created_at=NOON,
    )


def reward(state: str) -> Reward:
    return Reward(
        claim_id=1,
        tranche=0,
        reward_id=1,
        account_id="lou",
        edition_number=1,
        units=100,
        state=state,
        release_at=NOON,
        granted_at=NOON,
    )


@pytest.mark.parametrize(
    ("states", "word"),
    [
        (["ready"], "confirming"),
        (["batched"], "confirming"),
        (["confirmed"], "confirmed"),
        (["confirmed", "held"], "held"),
        (["confirmed", "batched"], "confirming"),
        (["held", "ready"], "confirming"),
        (["quarantined", "confirmed"], "review"),
        (["cancelled"], "cancelled"),
        (["confirmed", "cancelled"], "confirmed"),
        (["forfeited"], "forfeited"),
    ],
)
def test_the_least_finished_part_speaks_for_the_whole(states: list[str], word: str) -> None:
    assert history.claim_state(claim(), receipt(), [reward(state) for state in states]) == word


@pytest.mark.parametrize("state", ["pending", "refused", "review"])
def test_what_is_not_accepted_is_called_by_its_state(state: str) -> None:
    assert history.claim_state(claim(state), None, []) == state


def test_an_accepted_act_without_points_is_called_so() -> None:
    assert history.claim_state(claim(), receipt(0), []) == "zero"


@pytest.mark.parametrize(
    ("kind", "facts", "names"),
    [
        ("deposit", {"material": "glass"}, ("material.glass", "material-glass")),
        ("ticket", {"mode": "tram"}, ("mode.tram", "mode-tram")),
        ("deposit", {"material": "kryptonite"}, ("code.deposit", "code-deposit")),
        ("slot", {}, ("code.deposit", "code-deposit")),
        ("ticket", {}, ("code.trip", "code-trip")),
    ],
)
def test_acts_have_a_name_and_an_icon(
    kind: str, facts: dict[str, str], names: tuple[str, str]
) -> None:
    assert history.act_title(kind, facts) == names


def test_an_unheard_of_reason_still_has_words() -> None:
    assert history.reason_key("kiosk_attested") == "reason.kiosk_attested"
    assert history.reason_key("unheard_of") == "reason.other"
    assert history.reason_key("acts_many") == "reason.doubt", "signals are for reviewers"


def test_days_are_those_of_marseille_newest_first() -> None:
    late = NOON.replace(hour=22, minute=30)
    lines = [
        HistoryLine(href=str(at), icon="shop", title_key="paid.done", at=at, state="confirmed")
        for at in (NOON, late, NOON + timedelta(hours=1))
    ]

    days = history.by_day(lines)

    assert [(day.day.day, len(day.lines)) for day in days] == [(16, 1), (15, 2)]
    assert days[1].lines[0].at > days[1].lines[1].at


def test_what_was_refused_on_arrival_says_so_and_never_that_points_came_back() -> None:
    payment = Payment(
        merchant_id="m", units=500, state=PaymentState.FAILED, way=PaymentWay.PROMISE,
        payment_ref="0x", salt="0x", refusal_code="balance_gone",
        requested_at=NOON, expires_at=NOON,
    )  # fmt: skip

    keys = [step.text_key for step in history.payment_steps(payment)]

    assert keys == ["paid.step.signed", "paid.step.refused_on_arrival"]
    assert history.refused_key(payment) == "promise.refused.balance_gone"
    payment.accepted_at = NOON
    assert history.refused_key(payment) == ""
    assert history.payment_steps(payment)[1].text_key == "paid.step.failed"
