"""A citizen's own pages: points and history, receipts."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts.rules import AccountKind, Actor, Permission
from backend.actions import queries as action_queries
from backend.actions.models import Claim, Verdict
from backend.actions.rules import ClaimState
from backend.batches import queries as batch_queries
from backend.http.deps import (
    Config,
    ConfigDep,
    MaybeActor,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market import queries as market_queries
from backend.market.rules import PaymentWay
from backend.merchants import queries as merchant_queries
from backend.review import queries as review_queries
from backend.rewards import queries as reward_queries
from backend.rewards.models import Adjustment, Receipt, Reward
from backend.rulebook import engine
from backend.web import history, places, till
from backend.web.contexts import (
    HistoryLine,
    HomePage,
    Idea,
    PaymentReceiptPage,
    Proof,
    ReceiptPage,
    ReceiptTranche,
    Shop,
)
from backend.web.forms import checked_form, see
from backend.web.rendering import language_of, respond
from backend.web.worth import worth_cents
from backend.workflows import expire_unclaimed, notices, review_claim

router = APIRouter(include_in_schema=False)

IDEAS = (
    ("idea.bread", "idea-bread", 1_200),
    ("idea.ticket", "idea-ticket", 1_700),
    ("idea.coffee", "idea-coffee", 2_000),
    ("idea.pool", "idea-pool", 4_500),
)
"""What people can picture, with a usual price in Marseille at ten cents a point (units)."""
MAX_SHOPS = 8


@router.get("/", dependencies=[public()])
def get_home(
    request: Request, session: ReadSession, actor: MaybeActor, config: ConfigDep
) -> Response:
    """Show balance, history and what the points buy."""
    if actor is not None and actor.kind == AccountKind.CLERK:
        return see("/caisse")
    page = home_page(session, actor, config)
    return respond(request, "home.html", page, actor=actor, section="home")


@router.get("/recus/{claim_id}")
def get_receipt(
    request: Request,
    claim_id: str,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> Response:
    """Explain what one act earned."""
    claim = action_queries.by_public_id(session, claim_id)
    if claim is None or claim.account_id != actor.account_id:
        raise NotFoundError("claim", claim_id)
    page = receipt_page(session, claim, language_of(request, actor))
    return respond(request, "receipt.html", page, actor=actor)


@router.get("/paiements/{payment_id}")
def get_payment(
    request: Request,
    payment_id: str,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> Response:
    """Show a payment of one's own."""
    payment = market_queries.payment(session, payment_id)
    if payment is None or payment.payer_account_id != actor.account_id:
        raise NotFoundError("payment", payment_id)
    merchant = merchant_queries.merchant(session, payment.merchant_id)
    batch = batch_queries.get(session, payment.batch_id) if payment.batch_id else None
    page = PaymentReceiptPage(
        reference=payment.id,
        merchant=merchant.name if merchant is not None else "",
        label=payment.label,
        units=payment.units,
        state="checking" if history.is_checking(payment) else payment.state,
        requested_at=payment.requested_at,
        steps=history.payment_steps(payment),
        is_gift=payment.way == PaymentWay.DONATION,
        tx_hash=(batch.tx_hash or "") if batch is not None else "",
        refunded_units=payment.refunded_units,
        refunds=till.refund_lines(session, payment.id),
        is_own_wallet=payment.is_own_wallet,
        refused_key=history.refused_key(payment),
    )
    return respond(request, "payment_receipt.html", page, actor=actor)


@router.post("/recus/{claim_id}/contester", dependencies=[checked_form()])
def post_appeal(
    claim_id: str,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
    statement: Annotated[str, Form(min_length=1, max_length=2000)],
) -> Response:
    """Ask a person to look at a refusal of one's own."""
    review_claim.appeal(
        session, claim_id, account_id=actor.account_id, statement=statement, now=clock.now()
    )
    return see(f"/recus/{claim_id}")


def home_page(session: Session, actor: Actor | None, config: Config) -> HomePage:
    """Collect what the home page shows; a stranger sees it empty."""
    me = actor.account_id if actor is not None else ""
    balances = ledger_queries.balances(
        session, [names.confirmed(me), names.pending(me), names.in_flight(me)]
    )
    lines = [*_claim_lines(session, me), *_payment_lines(session, me)] if actor else []
    confirmed = balances[names.confirmed(me)]
    merchants = merchant_queries.merchants(session)
    shops = [merchant for merchant in merchants if merchant.state == "active"][:MAX_SHOPS]
    return HomePage(
        confirmed_units=confirmed,
        pending_units=balances[names.pending(me)],
        in_flight_units=balances[names.in_flight(me)],
        worth_cents=worth_cents(confirmed, config),
        is_new=not lines,
        is_anonymous=actor is None or actor.is_anonymous,
        kept_until=(
            expire_unclaimed.kept_until(session, me)
            if actor is not None and actor.is_anonymous
            else None
        ),
        ideas=tuple(
            Idea(key, icon, units, max(0, units - confirmed)) for key, icon, units in IDEAS
        ),
        shops=tuple(Shop(m.name, places.of_commune(session, m.commune_code)) for m in shops),
        days=history.by_day(lines),
    )


def receipt_page(session: Session, claim: Claim, language: str) -> ReceiptPage:
    """Collect everything that explains one act."""
    claim_id = claim.id or 0
    verdict = action_queries.verdict_of(session, claim_id)
    receipt = reward_queries.receipt_of(session, claim_id)
    rewards = reward_queries.of_claim(session, claim_id)
    facts = history.act_facts(claim, verdict)
    title_key, icon = history.act_title(claim.kind, facts)
    state = history.claim_state(claim, receipt, rewards)
    place = places.of_devices(session, [claim.device_number])
    appeal, appeal_key = _appeal(session, claim)
    changes = reward_queries.adjustments_of(session, [claim_id]).get(claim_id, [])
    return ReceiptPage(
        reference=claim.public_id,
        title_key=title_key,
        icon=icon,
        place=place.get(claim.device_number, ""),
        occurred_at=claim.occurred_at,
        state=state,
        units=_units(receipt, changes),
        level=verdict.level if verdict is not None and state != "refused" else "",
        edition_number=receipt.edition_number if receipt is not None else None,
        count=_whole(facts.get("count")),
        mass_g=_whole(facts.get("mass_g")),
        distance_m=_whole(facts.get("distance_m")),
        sentences=_sentences(receipt, language),
        reason_words=_reasons(claim, verdict, language),
        steps=history.receipt_steps(claim, verdict, state),
        tranches=tuple(ReceiptTranche(r.units, r.state, r.release_at) for r in rewards),
        proof=_proof(session, receipt, rewards),
        appeal=appeal,
        appeal_key=appeal_key,
        changes=tuple(notices.adjustment(row, language) for row in changes),
        trip_href=f"/trajets/{claim.public_id}" if claim.kind == "trip" else "",
    )


def _units(receipt: Receipt | None, changes: Sequence[Adjustment]) -> int | None:
    """Return what an act earns after everything that happened to its reward."""
    return None if receipt is None else receipt.units + notices.net_units(changes)


def _appeal(session: Session, claim: Claim) -> tuple[str, str]:
    cases = review_queries.cases_of(session, claim.id or 0)
    appeals = [case for case in cases if case.cause == "appeal"]
    if appeals:
        last = appeals[-1]
        return last.state, f"review.reason.{last.reason_code}" if last.reason_code else ""
    return ("possible" if claim.state == ClaimState.REFUSED else ""), ""


def _claim_lines(session: Session, account_id: str) -> list[HistoryLine]:
    claims = action_queries.of_account(session, account_id)
    claim_ids = [claim.id or 0 for claim in claims]
    verdicts = action_queries.verdicts_of(session, claim_ids)
    receipts = reward_queries.receipts_of(session, claim_ids)
    rewards = reward_queries.of_claims(session, claim_ids)
    changes = reward_queries.adjustments_of(session, claim_ids)
    where = places.of_devices(session, {claim.device_number for claim in claims})
    lines = []
    for claim, claim_id in zip(claims, claim_ids, strict=True):
        receipt = receipts.get(claim_id)
        facts = history.act_facts(claim, verdicts.get(claim_id))
        title_key, icon = history.act_title(claim.kind, facts)
        lines.append(
            HistoryLine(
                href=f"/recus/{claim.public_id}",
                icon=icon,
                title_key=title_key,
                at=claim.received_at,
                state=history.claim_state(claim, receipt, rewards.get(claim_id, [])),
                units=_units(receipt, changes.get(claim_id, [])),
                place=where.get(claim.device_number, ""),
            )
        )
    return lines


def _payment_lines(session: Session, account_id: str) -> list[HistoryLine]:
    payments = market_queries.payments_of_payer(session, account_id)
    shops = {merchant.id: merchant.name for merchant in merchant_queries.merchants(session)}
    return [history.payment_line(p, shops.get(p.merchant_id, "")) for p in payments]


def _sentences(receipt: Receipt | None, language: str) -> tuple[str, ...]:
    if receipt is None:
        return ()
    lines = [engine.Line(line["code"], line["facts"]) for line in receipt.lines]
    return tuple(engine.explain(lines, language))


def _reasons(claim: Claim, verdict: Verdict | None, language: str) -> tuple[str, ...]:
    if verdict is None:
        code = claim.refusal_code
        return (history.reason_text(language, code, {}),) if code else ()
    return tuple(
        history.reason_text(language, reason["code"], reason["facts"]) for reason in verdict.reasons
    )


def _proof(session: Session, receipt: Receipt | None, rewards: Sequence[Reward]) -> Proof | None:
    if receipt is None or receipt.units == 0:
        return None
    batch_ids = dict.fromkeys(reward.batch_id for reward in rewards if reward.batch_id)
    batches = [batch_queries.get(session, batch_id) for batch_id in batch_ids]
    return Proof(
        receipt_leaf=receipt.leaf,
        edition_hash=receipt.edition_hash,
        reward_ids=tuple(f"0x{reward.reward_id:012x}" for reward in rewards),
        tx_hashes=tuple(batch.tx_hash for batch in batches if batch is not None and batch.tx_hash),
    )


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
