"""Paying merchants: files for the bank that take two people, its answers, funding."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Response, UploadFile, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.http.deps import ConfigDep, Now, ReadSession, WriteSession, requires
from backend.kernel.errors import NotFoundError
from backend.payouts import queries, service
from backend.payouts.bank import files, formats
from backend.payouts.models import BankReport, PayoutFile
from backend.payouts.rules import end_to_end_id, masked_iban, next_bank_day
from backend.workflows import at_the_till, close_day, pay_out

router = APIRouter(tags=["treasury"])

Treasurer = Annotated[Actor, requires(Permission.RUN_TREASURY)]
Reader = Annotated[Actor, requires(Permission.READ_TREASURY)]
Merchant = Annotated[Actor, requires(Permission.RUN_SHOP)]


class FilePublic(BaseModel):
    """A file for the bank."""

    id: str
    message_id: str = Field(description="MsgId, by which the bank knows it.")
    state: str = Field(description="drafted, released, sent or withdrawn.")
    item_count: int
    euro_cents: int
    execution_on: date
    sha256: str = Field(description="Of the very bytes that the bank gets.")
    prepared_by: str
    released_by: str | None


class StateTotal(BaseModel):
    """How many payouts stand in a state, and their sum."""

    count: int
    euro_cents: int


class TreasuryPublic(BaseModel):
    """What is due, under way and paid."""

    payouts: dict[str, StateTotal] = Field(description="State → number and sum.")
    files: list[FilePublic]


class FundingCreate(BaseModel):
    """Money that the metropolis put behind the points."""

    reference: str = Field(min_length=1, max_length=80, description="Of the bank transfer.")
    euro_cents: int = Field(gt=0)


class ReportPublic(BaseModel):
    """What was done about an answer of the bank."""

    id: str
    kind: str = Field(description="pain.002, camt or csv.")
    effects: dict[str, int] = Field(description="Effect → number of lines.")


class BankAccountSet(BaseModel):
    """Where a merchant wants to be paid."""

    holder: str = Field(min_length=1, max_length=70)
    iban: str = Field(max_length=42)


class BankAccountPublic(BaseModel):
    """Where a merchant is paid; the number is masked."""

    holder: str
    iban: str
    refused_reason: str | None = Field(description="Why the bank refuses it, ISO 20022 code.")


class PayoutPublic(BaseModel):
    """Euro of one closing."""

    id: str
    units: int
    euro_cents: int
    state: str
    reference: str = Field(description="As the bank statement shows it.")
    hold_reasons: list[str] = Field(description="Codes of the radar's reasons.")
    held_until: datetime | None
    due_at: datetime
    paid_at: datetime | None


@router.get("/treasury", summary="See what is due, under way and paid")
def get_treasury(session: ReadSession, _actor: Reader) -> TreasuryPublic:
    """Return payouts by state and the newest files."""
    return TreasuryPublic(
        payouts={
            state.value: StateTotal(count=count, euro_cents=cents)
            for state, (count, cents) in queries.totals(session).items()
        },
        files=[_file(file) for file in queries.files(session)],
    )


@router.post(
    "/treasury/files", status_code=status.HTTP_201_CREATED, summary="Draft a file for the bank"
)
def post_file(session: WriteSession, clock: Now, config: ConfigDep, actor: Treasurer) -> FilePublic:
    """Put what is due into a file; nothing leaves before somebody else releases it."""
    now = clock.now()
    made = files.draft(
        session,
        debtor=config.payer,
        by=actor.account_id,
        at=now,
        execution_on=next_bank_day(now.astimezone(close_day.ZONE).date()),
    )
    return _file(made)


@router.post("/treasury/files/{file_id}/release", summary="Release a file as the second person")
def post_release(file_id: str, session: WriteSession, clock: Now, actor: Treasurer) -> FilePublic:
    """Approve somebody else's file; a job hands it to the bank."""
    files.release(session, file_id, by=actor.account_id, at=clock.now())
    return _file(_found(session.get(PayoutFile, file_id, populate_existing=True), file_id))


@router.post("/treasury/files/{file_id}/withdraw", summary="Take a drafted file back")
def post_withdrawal(file_id: str, session: WriteSession, _actor: Treasurer) -> FilePublic:
    """Make its payouts due again."""
    files.withdraw(session, file_id)
    return _file(_found(session.get(PayoutFile, file_id, populate_existing=True), file_id))


@router.get("/treasury/files/{file_id}.xml", summary="Download a file")
def get_file(file_id: str, session: ReadSession, _actor: Treasurer) -> Response:
    """Return the very bytes that the bank gets."""
    file = _found(queries.file(session, file_id), file_id)
    return Response(file.xml.encode(), media_type="application/xml")


@router.post("/treasury/reports", summary="Import an answer of the bank")
def post_report(
    report: UploadFile, session: WriteSession, clock: Now, actor: Treasurer
) -> ReportPublic:
    """Do what a pain.002, camt.053, camt.054 or CSV says; lines that do not fit change nothing."""
    made = pay_out.import_report(
        session,
        content=report.file.read(formats.MAX_BYTES + 1),
        name=report.filename or "",
        by=actor.account_id,
        at=clock.now(),
    )
    return _report(made)


@router.post("/treasury/fundings", status_code=status.HTTP_201_CREATED, summary="Record a funding")
def post_funding(
    body: FundingCreate, session: WriteSession, clock: Now, actor: Treasurer
) -> FundingCreate:
    """Record money that was put behind the points; one reference counts once."""
    service.record_funding(
        session,
        reference=body.reference,
        euro_cents=body.euro_cents,
        by=actor.account_id,
        at=clock.now(),
    )
    return body


@router.put("/merchants/{merchant_id}/bank-account", summary="Say where a shop is paid")
def put_bank_account(
    merchant_id: str, body: BankAccountSet, session: WriteSession, clock: Now, actor: Merchant
) -> BankAccountPublic:
    """Store the account; returned payouts leave again when the number is another one."""
    at_the_till.own_shop(session, actor, merchant_id)
    account = service.set_bank_account(
        session,
        merchant_id=merchant_id,
        holder=body.holder,
        iban=body.iban,
        by=actor.account_id,
        at=clock.now(),
    )
    return BankAccountPublic(
        holder=account.holder,
        iban=masked_iban(account.iban),
        refused_reason=account.refused_reason,
    )


@router.get("/merchants/{merchant_id}/payouts", summary="See a shop's payouts")
def get_payouts(merchant_id: str, session: ReadSession, actor: Merchant) -> list[PayoutPublic]:
    """Return payouts, newest first."""
    at_the_till.own_shop(session, actor, merchant_id)
    return [
        PayoutPublic(
            id=row.id,
            units=row.units,
            euro_cents=row.euro_cents,
            state=row.state,
            reference=end_to_end_id(row.payout_ref, row.attempt),
            hold_reasons=[str(reason["code"]) for reason in row.hold_reasons],
            held_until=row.held_until,
            due_at=row.due_at,
            paid_at=row.paid_at,
        )
        for row in queries.payouts_of(session, merchant_id)
    ]


def _found(file: PayoutFile | None, file_id: str) -> PayoutFile:
    if file is None:
        raise NotFoundError("payout_file", file_id)
    return file


def _file(file: PayoutFile) -> FilePublic:
    return FilePublic.model_validate(file, from_attributes=True)


def _report(report: BankReport) -> ReportPublic:
    effects = [line["effect"] for line in report.lines]
    return ReportPublic(
        id=report.id,
        kind=report.kind,
        effects={effect: effects.count(effect) for effect in sorted(set(effects))},
    )
