"""Somebody of the metropolis admits a merchant: application, account and events together."""

from datetime import datetime

from sqlmodel import Session

from backend.accounts import service as accounts
from backend.db import event_log
from backend.merchants import applications
from backend.merchants.models import Merchant


def approve(session: Session, application_id: str, *, decided_by: str, now: datetime) -> Merchant:
    """Make a merchant of an application and let its account run a till.

    Raises:
        NotFoundError, ApplicationDecidedError: See merchants.applications.approve.
    Effects: application APPROVED, merchant DRAFT (a job registers it on chain), the account's
        kind, one event.
    """
    row, merchant = applications.approve(session, application_id, decided_by=decided_by, at=now)
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
    _tell(session, row.id, row.account_id, "application_refused", now)


def _tell(session: Session, subject: str, audience: str, kind: str, now: datetime) -> None:
    event_log.append(session, kind=kind, subject=subject, audience=audience, at=now)
