"""Rows about payouts that the treasurer's and the merchant's pages share."""

from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import Session

from backend.merchants import queries as merchant_queries
from backend.payouts import queries
from backend.payouts.models import Payout, PayoutItem
from backend.payouts.rules import end_to_end_id, masked_iban
from backend.web import texts
from backend.web.contexts import Covered, HoldReason, PayoutLine
from backend.workflows.solvency import Solvency


def payout_lines(session: Session, payouts: Sequence[Payout]) -> tuple[PayoutLine, ...]:
    """Describe payouts with their merchant, their reasons and what the bank said."""
    items = queries.items_of(session, [payout.id for payout in payouts])
    shops = shop_names(session, {payout.merchant_id for payout in payouts})
    return tuple(_line(p, items.get(p.id), shops.get(p.merchant_id, "")) for p in payouts)


def shop_names(session: Session, merchant_ids: Iterable[str]) -> Mapping[str, str]:
    """Return merchant id → name over the door."""
    found = (merchant_queries.merchant(session, merchant_id) for merchant_id in merchant_ids)
    return {merchant.id: merchant.name for merchant in found if merchant is not None}


def covered(figures: Solvency) -> Covered:
    """Describe whether the points are covered."""
    return Covered(
        outstanding_units=figures.outstanding_units,
        liability_cents=figures.liability_cents,
        reserve_cents=figures.reserve_cents,
        owed_cents=figures.owed_cents,
        paid_cents=figures.paid_cents,
        missing_cents=figures.missing_cents,
        coverage_percent=figures.coverage_percent,
    )


def bank_reason_key(code: str) -> str:
    """Return the text that explains a return code of the bank."""
    key = f"bank.{code}"
    return key if texts.has("fr", key) else "bank.other"


def _line(payout: Payout, item: PayoutItem | None, merchant: str) -> PayoutLine:
    reason = (item.reason_code or "") if item is not None else ""
    return PayoutLine(
        payout_id=payout.id,
        merchant=merchant,
        at=payout.due_at,
        units=payout.units,
        cents=payout.euro_cents,
        state=f"payout_{payout.state}",
        reference=end_to_end_id(payout.payout_ref, payout.attempt),
        account=masked_iban(item.payee_iban) if item is not None else "",
        hold_reasons=tuple(_reason(found) for found in payout.hold_reasons),
        held_until=payout.held_until,
        bank_reason_key=bank_reason_key(reason) if item is not None else "bank.other",
        bank_reason_code=reason,
    )


def hold_key(reason: Mapping[str, object]) -> str:
    """Return the text that explains why a payout waits."""
    return f"radar.{reason['code']}"


def _reason(found: Mapping[str, object]) -> HoldReason:
    facts = {
        name.removesuffix("_units"): value // 100 if name.endswith("units") else value
        for name, value in found.items()
        if isinstance(value, int) and name != "level"
    }
    return HoldReason(hold_key(found), dict(facts))
