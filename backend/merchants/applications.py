"""Writes of applications: somebody wants to take points, somebody of the metropolis decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col
from stdnum.exceptions import ValidationError
from stdnum.fr import siret as siret_numbers

from backend.kernel.errors import NotFoundError
from backend.merchants import queries, service
from backend.merchants.errors import ApplicationDecidedError, ApplicationInvalidError
from backend.merchants.hours import DAYS, parse_day
from backend.merchants.models import Merchant, MerchantApplication
from backend.merchants.rules import (
    CONTRACT_VERSION,
    DAILY_CAP_UNITS,
    ApplicationState,
    MerchantKind,
)


@dataclass(frozen=True)
class NewApplication:
    """What an applicant fills in; `has_accepted` is the tick below the contract.

    Attributes:
        hours: Of seven days from Monday as typed, or none at all; see `hours.parse_day`.
        iban: Checked, without spaces.
        place: Latitude and longitude in micro-degrees (WGS 84), both or nothing.
    """

    name: str
    kind: str
    siret: str
    address: str
    commune_code: str
    has_accepted: bool
    hours: Sequence[str] = ()
    bank_holder: str = ""
    iban: str = ""
    place: tuple[int, int] | None = None


def apply(
    session: Session, new: NewApplication, *, account_id: str, at: datetime
) -> MerchantApplication:
    """Send an application.

    Raises:
        ApplicationInvalidError: A field is missing, the SIRET's check digit is wrong, or the
            contract was not accepted.
    """
    days = [parse_day(text) for text in new.hours]
    checks = {
        "name": 0 < len(new.name.strip()) <= 80,  # noqa: PLR2004 - what fits over a door
        "kind": new.kind in set(MerchantKind),
        "siret": is_siret(new.siret),
        "address": 0 < len(new.address.strip()) <= 160,  # noqa: PLR2004 - one line of a letter
        "commune": bool(new.commune_code),
        "hours": len(days) in (0, DAYS) and None not in days,
        "contract": new.has_accepted,
    }
    for field, is_good in checks.items():
        if not is_good:
            raise ApplicationInvalidError(field)
    row = MerchantApplication(
        account_id=account_id,
        name=new.name.strip(),
        kind=new.kind,
        siret=siret_numbers.compact(new.siret),
        address=new.address.strip(),
        commune_code=new.commune_code,
        hours=[day or [] for day in days] if any(days) else [],
        bank_holder=new.bank_holder,
        iban=new.iban,
        latitude_e6=new.place[0] if new.place else None,
        longitude_e6=new.place[1] if new.place else None,
        contract_version=CONTRACT_VERSION,
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def is_siret(text: str) -> bool:
    """Tell whether a text is a SIRET: 14 digits whose check digits hold.

    Source: python-stdnum, which knows the exception of La Poste.
    """
    try:
        siret_numbers.validate(text)
    except ValidationError:
        return False
    return True


def approve(
    session: Session, application_id: str, *, decided_by: str, at: datetime
) -> tuple[MerchantApplication, Merchant]:
    """Make a merchant of an application; a job registers it on chain.

    Raises:
        NotFoundError: No such application.
        ApplicationDecidedError: It was decided meanwhile.
    """
    row = _decide(session, application_id, ApplicationState.APPROVED, decided_by, "", at)
    merchant = service.register(
        session,
        name=row.name,
        commune_code=row.commune_code,
        owner_account_id=row.account_id,
        daily_cap_units=DAILY_CAP_UNITS,
        at=at,
    )
    merchant.kind, merchant.siret, merchant.address = row.kind, row.siret, row.address
    merchant.hours = row.hours
    merchant.latitude_e6, merchant.longitude_e6 = row.latitude_e6, row.longitude_e6
    row.merchant_id = merchant.id
    session.add(merchant)
    session.add(row)
    session.flush()
    return row, merchant


def refuse(
    session: Session, application_id: str, *, decided_by: str, reason: str, at: datetime
) -> MerchantApplication:
    """Refuse an application and say why.

    Raises:
        ApplicationInvalidError: Without a reason.
        NotFoundError, ApplicationDecidedError: See `approve`.
    """
    if not reason.strip():
        raise ApplicationInvalidError("reason")
    why = reason.strip()[:500]
    return _decide(session, application_id, ApplicationState.REFUSED, decided_by, why, at)


def _decide(
    session: Session,
    application_id: str,
    state: ApplicationState,
    decided_by: str,
    reason: str,
    at: datetime,
) -> MerchantApplication:
    done = session.execute(
        update(MerchantApplication)
        .where(
            col(MerchantApplication.id) == application_id,
            col(MerchantApplication.state) == ApplicationState.APPLIED,
        )
        .values(state=state, decided_by=decided_by, reason=reason, decided_at=at)
        .returning(col(MerchantApplication.id))
    ).scalar_one_or_none()
    row = queries.application(session, application_id)
    if row is None:
        raise NotFoundError("application", application_id)
    if done is None:
        raise ApplicationDecidedError
    session.refresh(row)
    return row


def forget_bank_account(session: Session, row: MerchantApplication) -> None:
    """Keep a bank account no longer than the decision needs it."""
    row.bank_holder, row.iban = "", ""
    session.add(row)
    session.flush()
