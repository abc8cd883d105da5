"""Payments, refunds and burns that only the chain remembers get their rows and entries again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.books.models import Orphan
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import found
from backend.market import queries as market_queries
from backend.market.found import FoundSpend
from backend.merchants import queries as merchant_queries
from backend.merchants.models import Merchant
from backend.settlement import service as settlement
from backend.workflows import pay_out


def spends(session: Session, orphan: Orphan, now: datetime) -> None:
    """Book payments from whom they came to the takings.

    Effects: payments CONFIRMED; ledger confirmed → takings. Of a shop that nobody here knows
    the points stay where foreign ones are.
    """
    for position, item in enumerate(orphan.items):
        owner = _owner(session, orphan, item)
        shop = merchant_queries.by_pseudonym(session, item["merchant_pseudonym"])
        if shop is not None:
            found.take_in_spend(
                session,
                FoundSpend(
                    merchant_id=shop.id,
                    payer_account_id=owner,
                    payer_address=item["address"],
                    units=item["units"],
                    nonce=item["reference"],
                    payment_ref=item["payment_ref"],
                    salt=item["salt"],
                    mined_at=_mined_at(item),
                ),
                at=now,
            )
        _move(session, orphan, position, _points_of(owner), _takings(shop), now)


def refunds(session: Session, orphan: Orphan, now: datetime) -> None:
    """Book points that went back to who had paid.

    Effects: refunds CONFIRMED where the payment stands here; ledger takings → confirmed.
    """
    for position, item in enumerate(orphan.items):
        payment = market_queries.by_nonce(session, item["payment_nonce"])
        if payment is not None:
            found.take_in_refund(
                session,
                payment,
                refund_ref=item["reference"],
                units=item["units"],
                by=orphan.adopted_by or "",
                at=now,
            )
        shop = merchant_queries.by_pseudonym(session, item["merchant_pseudonym"])
        owner = _owner(session, orphan, item)
        _move(session, orphan, position, _takings(shop), _points_of(owner), now)


def cash_outs(
    session: Session, orphan: Orphan, rate_micro_cents_per_unit: int, *, now: datetime
) -> None:
    """Book burned takings, and owe their euro behind a hold.

    The money may have left before the restore, so a person asks the bank first.

    Effects: cash_outs CONFIRMED, payouts HELD; ledger takings → burned, reserve → payable.
    """
    for position, item in enumerate(orphan.items):
        shop = merchant_queries.by_pseudonym(session, item["merchant_pseudonym"])
        _move(session, orphan, position, _takings(shop), names.BURNED, now)
        if shop is None:
            # Nobody to owe it to; the orphan keeps pseudonym and reference.
            continue
        cash_out = settlement.take_in_burn(
            session,
            merchant_id=shop.id,
            units=item["units"],
            payout_ref=item["reference"],
            rate_micro_cents_per_unit=rate_micro_cents_per_unit,
            burned_at=_mined_at(item),
            at=now,
        )
        pay_out.owe_found(session, cash_out, at=now)


def _move(
    session: Session, orphan: Orphan, position: int, source: str, target: str, now: datetime
) -> None:
    if source == target:
        return
    ledger.move(
        session,
        reference=f"orphan/{orphan.tx_hash}/{position}",
        kind="orphan_adopted",
        source=source,
        target=target,
        units=orphan.items[position]["units"],
        at=now,
    )


def _owner(session: Session, orphan: Orphan, item: Mapping[str, Any]) -> str | None:
    return account_queries.owner_of_address(
        session, item["address"], genesis_hash=orphan.genesis_hash
    )


def _points_of(owner: str | None) -> str:
    return names.confirmed(owner) if owner else names.FOREIGN


def _takings(shop: Merchant | None) -> str:
    return names.takings(shop.id) if shop is not None else names.FOREIGN


def _mined_at(item: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(item["mined_at_s"], UTC)
