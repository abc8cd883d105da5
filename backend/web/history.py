"""Pure words of a citizen's history: states of lines, what an act is called, days."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState
from backend.market.models import Payment
from backend.market.rules import CALLED_OFF, PaymentState, PaymentWay
from backend.rewards.models import Receipt, Reward
from backend.rewards.rules import RewardState
from backend.web import texts
from backend.web.contexts import HistoryDay, HistoryLine, Step

Facts = Mapping[str, Any]

# The least finished tranche speaks for the whole reward.
_REWARD_WORDS = (
    (RewardState.QUARANTINED, "review"),
    (RewardState.READY, "confirming"),
    (RewardState.BATCHED, "confirming"),
    (RewardState.HELD, "held"),
    (RewardState.CONFIRMED, "confirmed"),
    (RewardState.FORFEITED, "forfeited"),
    (RewardState.CANCELLED, "cancelled"),
)


_NOT_MINED = (PaymentState.ACCEPTED, PaymentState.AUTHORISED, PaymentState.BATCHED)


def claim_state(claim: Claim, receipt: Receipt | None, rewards: Sequence[Reward]) -> str:
    """Return the one word that says how far an act is."""
    if claim.state != ClaimState.ACCEPTED:
        return claim.state
    if receipt is None or receipt.units == 0:
        return "zero"
    states = {reward.state for reward in rewards}
    return next((word for state, word in _REWARD_WORDS if state in states), "confirmed")


def act_facts(claim: Claim, verdict: Verdict | None) -> Facts:
    """Return what is known of an act: the verdict's facts over those of its code."""
    facts = dict(claim.evidence.get("facts", {}))
    if verdict is not None:
        facts.update({key: value for key, value in verdict.act.items() if value is not None})
    return facts


def act_title(kind: str, facts: Facts) -> tuple[str, str]:
    """Return text key and icon of an act.

    Args:
        kind: Kind of evidence, for example slot, deposit or ticket.
        facts: May name a material or a mode.
    """
    name, family = facts.get("mode"), "mode"
    if name is None:
        name, family = facts.get("material"), "material"
    key = f"{family}.{name}"
    if name is not None and texts.has("fr", key):
        return key, key.replace(".", "-")
    is_trip = kind in ("ticket", "trip", "shared_ride")
    return ("code.trip", "code-trip") if is_trip else ("code.deposit", "code-deposit")


def reason_key(code: str) -> str:
    """Return the text of a verdict's reason, a general one for a code without words."""
    if texts.has("fr", f"signal.{code}"):
        # What exactly raised the doubt is for reviewers: it would teach how to stay below.
        return "reason.doubt"
    return f"reason.{code}" if texts.has("fr", f"reason.{code}") else "reason.other"


def reason_text(language: str, code: str, facts: Facts) -> str:
    """Return why an act was believed or refused, in words, numbers in the reader's spelling."""
    number = texts.formats(language)["number"]
    spelled = {name: number(v) if isinstance(v, int) else str(v) for name, v in facts.items()}
    return texts.translate(language, reason_key(code), **spelled)


def receipt_steps(claim: Claim, verdict: Verdict | None, state: str) -> tuple[Step, ...]:
    """Return the way of an act from the scan to points that can be spent."""
    received = Step("receipt.step.received", "done", claim.received_at)
    if verdict is None and state == "refused":
        return received, Step("receipt.step.refused", "failed")
    if verdict is None:
        later = ("receipt.step.earned", "receipt.step.spendable")
        return (
            received,
            Step("receipt.step.checked", "now"),
            *(Step(key, "later") for key in later),
        )
    checked = Step("receipt.step.checked", "done", verdict.decided_at)
    match state:
        case "refused":
            return received, Step("receipt.step.refused", "failed", verdict.decided_at)
        case "review":
            return received, Step("receipt.step.review", "now", verdict.decided_at)
        case "zero":
            return received, checked, Step("receipt.step.zero", "done")
    earned = Step("receipt.step.earned", "done", verdict.decided_at)
    last = "done" if state == "confirmed" else "now"
    return received, checked, earned, Step("receipt.step.spendable", last)


def is_checking(payment: Payment) -> bool:
    """Tell whether a PIN, passkey or own wallet is still checked: by us, or by the chain."""
    if payment.is_own_wallet:
        return payment.state in _NOT_MINED
    return payment.state == PaymentState.ACCEPTED and payment.is_proved


def payment_state(payment: Payment) -> str:
    """Return the badge of a citizen's own payment."""
    match PaymentState(payment.state):
        case PaymentState.CONFIRMED:
            return "confirmed"
        case PaymentState.FAILED:
            return "failed"
        case PaymentState.CANCELLING:
            return "cancelling"
        case _:
            return "accepted"


def payment_line(payment: Payment, merchant: str) -> HistoryLine:
    """Return the line of a payment; one that failed took nothing."""
    is_spent = payment.state != PaymentState.FAILED
    return HistoryLine(
        href=f"/paiements/{payment.id}",
        icon="shop",
        title_key="paid.done",
        title=merchant,
        at=payment.accepted_at or payment.requested_at,
        state=payment_state(payment),
        units=payment.refunded_units - payment.units if is_spent else 0,
    )


def is_refused_on_arrival(payment: Payment) -> bool:
    """Tell whether a phone had signed it without network and it could not be paid any more."""
    return (
        payment.way == PaymentWay.PROMISE
        and payment.state == PaymentState.FAILED
        and payment.accepted_at is None
    )


def refused_key(payment: Payment) -> str:
    """Return why a payment was refused on arrival; empty for any other."""
    if not is_refused_on_arrival(payment):
        return ""
    return f"promise.refused.{payment.refusal_code}"


def payment_steps(payment: Payment) -> tuple[Step, ...]:
    """Return the way of a payment from the yes to the register."""
    if payment.state == PaymentState.REQUESTED:
        return (Step("paid.step.unproved", "failed"),)
    accepted = Step("paid.step.accepted", "done", payment.accepted_at)
    if is_checking(payment):
        key = "paid.step.signed_own" if payment.is_own_wallet else "paid.step.checking"
        return accepted, Step(key, "now"), Step("paid.step.registered", "later")
    match PaymentState(payment.state):
        case PaymentState.CONFIRMED:
            return accepted, Step("paid.step.registered", "done", payment.confirmed_at)
        case PaymentState.CANCELLING:
            return accepted, Step("paid.step.cancelling", "now")
        case PaymentState.FAILED:
            return _failed_steps(payment, accepted)
        case _:
            return accepted, Step("paid.step.registered", "now")


def _failed_steps(payment: Payment, accepted: Step) -> tuple[Step, ...]:
    if is_refused_on_arrival(payment):
        refused = Step("paid.step.refused_on_arrival", "failed", payment.requested_at)
        return Step("paid.step.signed", "done"), refused
    key = "paid.step.called_off" if payment.refusal_code == CALLED_OFF else "paid.step.failed"
    return accepted, Step(key, "failed", payment.confirmed_at)


def by_day(lines: Iterable[HistoryLine]) -> tuple[HistoryDay, ...]:
    """Group lines by local day, newest first."""
    ordered = sorted(lines, key=lambda line: line.at, reverse=True)
    grouped = groupby(ordered, key=lambda line: texts.local_day(line.at))
    return tuple(HistoryDay(day, tuple(group)) for day, group in grouped)
