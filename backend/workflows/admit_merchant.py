"""Somebody of the metropolis admits a merchant: application, account and events together."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from backend.accounts import service as accounts
from backend.db import event_log
from backend.merchants import applications
from backend.merchants.applications import NewApplication
from backend.merchants.errors import ApplicationInvalidError
from backend.merchants.models import Merchant, MerchantApplication
from backend.payouts import service as payouts
from backend.payouts.errors import BankAccountInvalidError
from backend.territory import queries as territory
from backend.territory.geo import Position


def apply(
    session: Session, new: NewApplication, *, account_id: str, now: datetime
) -> MerchantApplication:
    """Send an application with the bank account that it asks to be paid on.

    Raises:
        ApplicationInvalidError: See merchants.applications.apply; "iban" for a wrong account,
            "place" for a pin outside of the commune.
    """
    if new.place is not None and not _is_in(session, Position(*new.place), new.commune_code):
        raise ApplicationInvalidError("place")
    try:
        holder, iban, _ = payouts.check_account(new.bank_holder, new.iban)
    except BankAccountInvalidError as error:
        raise ApplicationInvalidError("iban") from error
    checked = replace(new, bank_holder=holder, iban=iban)
    return applications.apply(session, checked, account_id=account_id, at=now)


def _is_in(session: Session, position: Position, commune_code: str) -> bool:
    """Tell whether a place is in a commune or arrondissement, or on its quay."""
    found = territory.commune_index(session).code_near(position)
    area = territory.commune(session, found) if found is not None else None
    return area is not None and commune_code in (area.insee_code, area.parent_code)


def approve(session: Session, application_id: str, *, decided_by: str, now: datetime) -> Merchant:
    """Make a merchant of an application and let its account run a till.

    Raises:
        NotFoundError, ApplicationDecidedError: See merchants.applications.approve.
    Effects: application APPROVED, merchant DRAFT (a job registers it on chain), its bank account,
        the account's kind, one event.
    """
    row, merchant = applications.approve(session, application_id, decided_by=decided_by, at=now)
    if row.iban:
        payouts.set_bank_account(
            session,
            merchant_id=merchant.id,
            holder=row.bank_holder,
            iban=row.iban,
            by=row.account_id,
            at=now,
        )
        applications.forget_bank_account(session, row)
    accounts.become_merchant(session, row.account_id)
    _tell(session, row.id, row.account_id, "application_approved", now)
    return merchant


def refuse(
    session: Session, application_id: str, *, decided_by: str, reason: str, now: datetime
) -> None:
    """Refuse an application with a reason that the applicant reads.

    Raises:
        ApplicationInvalidError, NotFoundError, ApplicationDecidedError: See
            merchants.applications.refuse.
    Effects: application REFUSED, one event.
    """
    row = applications.refuse(session, application_id, decided_by=decided_by, reason=reason, at=now)
    applications.forget_bank_account(session, row)
    _tell(session, row.id, row.account_id, "application_refused", now)


def _tell(session: Session, subject: str, audience: str, kind: str, now: datetime) -> None:
    event_log.append(session, kind=kind, subject=subject, audience=audience, at=now)
