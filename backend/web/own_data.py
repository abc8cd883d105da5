"""Everything that is kept about a person, for that person, as one JSON file (GDPR, article 20)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from sqlmodel import Session, SQLModel

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.actions import queries as action_queries
from backend.cards import queries as card_queries
from backend.clerks import queries as clerk_queries
from backend.factors import queries as factor_queries
from backend.households import queries as household_queries
from backend.http.deps import Now, ReadSession, requires
from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market import queries as market_queries
from backend.market.rules import PaymentWay
from backend.merchants import queries as merchant_queries
from backend.merchants.models import Merchant
from backend.offers import queries as offer_queries
from backend.promises import queries as promise_queries
from backend.review import queries as review_queries
from backend.rewards import queries as reward_queries
from backend.rides import queries as ride_queries
from backend.trips import queries as trip_queries

router = APIRouter(include_in_schema=False)

ALL = 1_000_000
"""More acts than anybody has in a life: an export leaves nothing out."""
_SIGNED = {"authorisation", "proof", "key", "taken_by"}
"""Parts of a payment that sign, or name whoever stood at the till."""
Rows = Sequence[dict[str, Any]]


@router.get("/compte/donnees.json")
def get_own_data(
    session: ReadSession, clock: Now, actor: Annotated[Actor, requires(Permission.READ_OWN)]
) -> Response:
    """Download one's own data, salts of receipts included: with them each point can be checked."""
    content = own_data(session, actor.account_id, now=clock.now())
    return JSONResponse(
        jsonable_encoder(content),
        headers={
            "Content-Disposition": 'attachment; filename="calanque-mes-donnees.json"',
            "Cache-Control": "no-store",
        },
    )


def own_data(session: Session, account_id: str, *, now: datetime) -> dict[str, Any]:
    """Collect what is kept about an account.

    Raises:
        NotFoundError: No such account.
    """
    account = account_queries.get(session, account_id)
    if account is None:
        raise NotFoundError("account", account_id)
    payments = market_queries.payments_of_payer(session, account_id, limit=ALL)
    kinds = (names.confirmed, names.pending, names.in_flight)
    balances = ledger_queries.balances(session, [name(account_id) for name in kinds])
    return {
        "exported_at": now,
        "unit": "100 units are one point",
        "account": account.model_dump(),
        "signed_in_browsers": _rows(
            account_queries.sessions_of(session, account_id, now), hide={"id", "form_token"}
        ),
        "balances_units": {name.__name__: balances[name(account_id)] for name in kinds},
        "acts": _acts(session, account_id),
        **_shared_rides(session, account_id),
        "trips": _rows(trip_queries.of_account(session, account_id, limit=ALL)),
        # The hash of a card's secret is worth nothing to its holder, and something to a thief.
        "cards": _rows(card_queries.of_account(session, account_id), hide={"ref"}),
        "household": _household(session, account_id),
        # The sealed PIN or passkey is with the wallet service alone; what it says is here.
        "proofs_of_large_payments": _rows(
            factor_queries.of_account(session, account_id), hide={"material"}
        ),
        "payments": _rows(
            payments,
            hide=_SIGNED,
        ),
        # What the phone signed is worth nothing any more; where and when is the payment's.
        "passes_without_network": _rows(
            promise_queries.passes_of(session, account_id, since=datetime.min.replace(tzinfo=UTC))
        ),
        "payments_signed_without_network": _rows(
            promise_queries.of_account(session, account_id, limit=ALL),
            hide={"digest", "handed_in_by"},
        ),
        "donations": _rows(
            [one for one in payments if one.way == PaymentWay.DONATION], hide=_SIGNED
        ),
        "refunds": _rows(
            # Who stood at the till is the shop's business, not the customer's.
            market_queries.refunds_of(session, [one.id for one in payments]),
            hide={"key", "asked_by"},
        ),
        "reservations": _rows(offer_queries.holds_of(session, account_id, limit=ALL)),
        "applications_as_merchant": _rows(
            merchant_queries.applications_of(session, account_id), hide={"decided_by"}
        ),
        "shops": [
            _shop(session, one) for one in merchant_queries.merchants_of(session, account_id)
        ],
    }


def _shared_rides(session: Session, account_id: str) -> dict[str, Any]:
    """Return rides and seats, without what is the other person's: account, recording, track."""
    rides, seats = ride_queries.all_of(session, account_id)
    mine = []
    for seat in seats:
        role, other = "driver", "passenger"
        if seat.passenger_id == account_id:
            role, other = other, role
        hidden = {f"{other}_{what}" for what in ("id", "trip_id", "track")}
        mine.append({"role": role, **seat.model_dump(exclude=hidden)})
    # The key of the codes would let its holder seat people after the fact.
    return {"shared_rides_opened": _rows(rides, hide={"key_hex"}), "shared_rides": mine}


def _shop(session: Session, shop: Merchant) -> dict[str, Any]:
    clerks = clerk_queries.of_merchant(session, shop.id)
    tills = clerk_queries.all_tills_of(session, shop.id)
    return {
        **shop.model_dump(),
        "clerks": _rows(clerks, hide={"pin_hash", "pin_salt"}),
        "tills": _rows(tills, hide={"id"}),
    }


def _household(session: Session, account_id: str) -> dict[str, Any] | None:
    household = household_queries.of_account(session, account_id)
    return household.model_dump(exclude={"id"}) if household is not None else None


def _acts(session: Session, account_id: str) -> Rows:
    claims = action_queries.of_account(session, account_id, limit=ALL)
    claim_ids = [claim.id or 0 for claim in claims]
    verdicts = action_queries.verdicts_of(session, claim_ids)
    receipts = reward_queries.receipts_of(session, claim_ids)
    rewards = reward_queries.of_claims(session, claim_ids)
    return [
        {
            "claim": claim.model_dump(),
            "verdict": verdicts[claim_id].model_dump() if claim_id in verdicts else None,
            "receipt": receipts[claim_id].model_dump() if claim_id in receipts else None,
            "rewards": _rows(rewards.get(claim_id, [])),
            # What a colleague noted about a case is the citizen's business; who noted it is not.
            "reviews": _rows(review_queries.cases_of(session, claim_id), hide={"decided_by"}),
        }
        for claim, claim_id in zip(claims, claim_ids, strict=True)
    ]


def _rows(found: Sequence[SQLModel], *, hide: set[str] | None = None) -> Rows:
    return [row.model_dump(exclude=hide) for row in found]
