"""Builders of what tests about euro need."""

import itertools
from datetime import date

from backend.db.engine import Database
from backend.ledger import names
from backend.ledger import service as ledger
from backend.merchants.models import Merchant
from backend.payouts import service
from backend.payouts.bank import files
from backend.payouts.bank.formats.xml import root_of, text_of
from backend.payouts.models import Payout, PayoutFile
from backend.payouts.rules import Payee
from backend.payouts.service import Burn
from tests.support import builders
from tests.support.clock import FrozenClock

RATE = 100_000
PAYER = Payee("Métropole Aix-Marseille-Provence", "FR7630006000011234567890189", "AGRIFRPP")
IBAN = "FR1420041010050500013M02606"
OTHER_IBAN = "DE89370400440532013000"
FIRST, SECOND = "treasurer-1", "treasurer-2"

_numbers = itertools.count(1)


def give_account(
    database: Database, clock: FrozenClock, merchant: Merchant, iban: str = IBAN
) -> None:
    """Store where a merchant is paid."""
    with database.transaction() as session:
        service.set_bank_account(
            session,
            merchant_id=merchant.id,
            holder="Boulangerie du Port",
            iban=iban,
            by=merchant.owner_account_id,
            at=clock.now(),
        )


def fund(database: Database, clock: FrozenClock, cents: int) -> None:
    """Put money behind the points."""
    with database.transaction() as session:
        service.record_funding(
            session,
            reference=f"VIR {next(_numbers)}",
            euro_cents=cents,
            by=FIRST,
            at=clock.now(),
        )


def owe(
    database: Database,
    clock: FrozenClock,
    merchant: Merchant,
    *,
    cents: int = 1_200,
    hold: service.Hold | None = None,
) -> Payout:
    """Burn what is worth some cents and owe them."""
    number = next(_numbers)
    units = cents * 1_000_000 // RATE
    with database.transaction() as session:
        for source, target in (
            (names.ISSUANCE, names.settling(merchant.id)),
            (names.settling(merchant.id), names.BURNED),
        ):
            ledger.move(
                session,
                reference=f"test/{number}/{target}",
                kind="cash_out_confirmed",
                source=source,
                target=target,
                units=units,
                at=clock.now(),
            )
        payout = service.owe(
            session,
            Burn(f"cash-out-{number}", merchant.id, units, cents, RATE, f"0x{number << 200:064x}"),
            hold=hold,
            at=clock.now(),
        )
        assert payout is not None
        return payout


def draft(database: Database, clock: FrozenClock, by: str = FIRST) -> PayoutFile:
    """Draft a file of everything that is due."""
    with database.transaction() as session:
        return files.draft(
            session, debtor=PAYER, by=by, at=clock.now(), execution_on=date(2026, 6, 16)
        )


def send(database: Database, clock: FrozenClock) -> PayoutFile:
    """Draft a file, release it by a second person and hand it to the bank."""
    made = draft(database, clock)
    with database.transaction() as session:
        files.release(session, made.id, by=SECOND, at=clock.now())
    with database.transaction() as session:
        assert files.mark_sent(session, made.id, at=clock.now())
    return made


def forgotten_file(database: Database, clock: FrozenClock, burn: Burn | None = None) -> str:
    """Draft a file, with one more burn, in a time that the restored database has forgotten."""
    with database.transaction() as session:
        if burn is not None:
            service.owe(session, burn, hold=None, at=clock.now())
        xml = files.draft(
            session, debtor=PAYER, by=FIRST, at=clock.now(), execution_on=date(2026, 6, 16)
        ).xml
        session.rollback()
    return xml


def references(xml: str) -> dict[str, str]:
    """Return EndToEndId → amount of a pain.001 file."""
    return {
        text_of(node, "PmtId/EndToEndId"): text_of(node, "Amt/InstdAmt")
        for node in root_of(xml.encode()).iter("CdtTrfTxInf")
    }


def answer(*lines: tuple[str, str, str]) -> bytes:
    """Write a CSV answer of the bank: reference, status, reason."""
    rows = ["reference;statut;montant;motif"]
    rows += [f"{reference};{status};;{reason}" for reference, status, reason in lines]
    return "\n".join(rows).encode()


def make_shop(database: Database, clock: FrozenClock) -> Merchant:
    """Make a shop that has a bank account."""
    shop = builders.make_merchant(database, clock)
    give_account(database, clock, shop)
    return shop
