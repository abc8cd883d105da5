"""Measures a day's settlement: closings, burns, SEPA files, statements, answers of the bank.

Run it alone on the machine: `python -m scripts.bench.settlement` (5,000 merchants, 200,000
payments). The chain is left out: `settle_batch.confirm` does to the books what the jobs do once a
burn is deep enough. Everything else is what production runs. Killed at any point, it goes on where
it stood when it is run again with the same folder; at the end the books are checked and the
bank's files searched for anything paid twice.
"""

import argparse
import os
import resource
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from backend.accounts import service as accounts
from backend.accounts.rules import AccountKind
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db.engine import Database
from backend.db.migrate import migrate
from backend.jobs import statement_files
from backend.jobs.reconcile_euro import comparisons
from backend.jobs.steps.payouts import write_whole
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.ledger.models import LedgerAccount, LedgerEntry, LedgerTransfer
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from backend.payouts import queries, service
from backend.payouts.bank import files
from backend.payouts.bank.formats.xml import root_of, text_of
from backend.payouts.errors import NothingToPayError
from backend.payouts.models import BankAccount
from backend.payouts.rules import FileState, Payee
from backend.settlement import queries as settlement_queries
from backend.settlement import service as settlement
from backend.settlement.rules import CashOutState
from backend.workflows import close_day, pay_out, settle_batch

RATE = 100_000
MONTH = date(2026, 11, 1)
SALE_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
PAYER = Payee("Métropole (essai)", "FR7630006000011234567890189", "AGRIFRPP")
IBAN = "FR1420041010050500013M02606"
BURNS_PER_BATCH = 50
ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Bench:
    """One run."""

    database: Database
    folder: Path
    merchants: int
    payments: int

    @property
    def bank_folder(self) -> Path:
        """Where the bank picks files up."""
        return self.folder / "bank"


def build(bench: Bench) -> None:
    """Fill an empty database with shops and their confirmed sales of one day."""
    with bench.database.transaction() as session:
        owner = accounts.create_account(
            session,
            kind=AccountKind.MERCHANT,
            email="bench@test.example",
            display_name="",
            now=SALE_AT,
        )
        shops = [
            Merchant(
                id=f"{number:032x}",
                name=f"Commerce n° {number}",
                commune_code="13055",
                owner_account_id=owner.id,
                pseudonym=number + 1,
                state=MerchantState.ACTIVE,
                daily_cap_units=5_000_000,
                created_at=SALE_AT,
            )
            for number in range(bench.merchants)
        ]
        session.add_all(shops)
        session.add_all(
            BankAccount(
                merchant_id=shop.id, holder=shop.name, iban=IBAN, changed_by="b", changed_at=SALE_AT
            )
            for shop in shops
        )
        session.flush()
        _sales(session, bench)
        service.record_funding(
            session, reference="bench", euro_cents=10**12, by="bench", at=SALE_AT
        )


def _sales(session: Session, bench: Bench) -> None:
    """Book sales straight into the ledger: what the jobs book when a payment is confirmed."""
    per_shop = [0] * bench.merchants
    sales = [(n, n % bench.merchants, 100 + 37 * n % 2_000) for n in range(bench.payments)]
    for _, shop, units in sales:
        per_shop[shop] += units
    total = sum(per_shop)
    accounts_ = [(names.ISSUANCE, True, -total), (names.in_flight("c"), False, 0)]
    accounts_ += [(names.takings(f"{n:032x}"), False, u) for n, u in enumerate(per_shop)]
    session.execute(
        insert(LedgerAccount),
        [
            {"name": name, "may_go_negative": free, "currency": "points", "balance_units": units}
            for name, free, units in accounts_
        ],
    )
    after = [0] * bench.merchants
    issued = 0
    for start in range(0, len(sales), ROWS_AT_ONCE):
        transfers, entries = [], []
        for number, shop, units in sales[start : start + ROWS_AT_ONCE]:
            transfer_id = f"{number:032x}"
            transfers.append(
                {
                    "id": transfer_id,
                    "reference": f"payment/{transfer_id}/settled",
                    "kind": "payment_confirmed",
                    "occurred_at": SALE_AT,
                }
            )
            issued -= units
            after[shop] += units
            for name, amount, balance in (
                (names.ISSUANCE, -units, issued),
                (names.takings(f"{shop:032x}"), units, after[shop]),
            ):
                entries.append(
                    {
                        "transfer_id": transfer_id,
                        "account_name": name,
                        "units": amount,
                        "balance_after_units": balance,
                    }
                )
        session.execute(insert(LedgerTransfer), transfers)
        session.execute(insert(LedgerEntry), entries)


def close(bench: Bench) -> None:
    """Close the day of every shop, as the job does."""
    closing = close_day.last_day(NOW)
    more = True
    while more:
        with bench.database.transaction() as session:
            more = close_day.close_some(session, closing, rate_micro_cents_per_unit=RATE, at=NOW)


def burn(bench: Bench) -> None:
    """Confirm the burns, a transaction's worth at a time; each is owed in the same commit."""
    while True:
        with bench.database.transaction() as session:
            waiting = settlement_queries.cash_outs_in(
                session, CashOutState.REQUESTED, limit=BURNS_PER_BATCH
            )
            if not waiting:
                return
            batch = _batch(session)
            settlement.put_cash_outs_in_batch(session, [row.id for row in waiting], batch.id)
            settle_batch.confirm(session, batch, settle_batch.ChainFacts(), at=NOW)


def _batch(session: Session) -> Batch:
    number = session.exec(select(func.count()).select_from(Batch)).one()
    batch = Batch(
        kind=BatchKind.CASH_OUT,
        state=BatchState.MINED,
        genesis_hash="0x" + "ab" * 32,
        chain_id=31337,
        key_label="treasurer",
        sender="0x" + "22" * 20,
        nonce=number,
        to_address="0x" + "33" * 20,
        calldata="0x",
        gas=100_000,
        max_fee_per_gas_wei=1,
        max_priority_fee_per_gas_wei=1,
        created_at=NOW,
    )
    session.add(batch)
    session.flush()
    return batch


def order(bench: Bench) -> None:
    """Draft files of everything due, release and hand over each."""
    while True:
        try:
            with bench.database.transaction() as session:
                files.draft(session, debtor=PAYER, by="one", at=NOW, execution_on=NOW.date())
        except NothingToPayError:
            break
    for state in (FileState.DRAFTED, FileState.RELEASED):
        with bench.database.reading() as session:
            found = queries.files_in(session, state)
        for file in found:
            if state == FileState.DRAFTED:
                with bench.database.transaction() as session:
                    files.release(session, file.id, by="two", at=NOW)
            else:
                write_whole(bench.bank_folder / f"{file.message_id}.xml", file.xml.encode())
                with bench.database.transaction() as session:
                    pay_out.mark_sent(session, file.id, at=NOW)


def statements(bench: Bench) -> None:
    """Write PDF and CSV of every merchant in two processes."""
    job = statement_files.Job(bench.database.url, bench.folder / "statements", MONTH, RATE)
    for _ in statement_files.write_all(job):
        pass


def answer(bench: Bench) -> None:
    """Import the bank's word that everything was paid."""
    lines = "\n".join(f"{reference};paye" for reference in sorted(_transfers(bench)))
    content = f"reference;statut\n{lines}".encode()
    with bench.database.reading() as session:
        if queries.reports(session):
            return
    with bench.database.transaction() as session:
        pay_out.import_report(session, content=content, name="releve.csv", by="one", at=NOW)


def _transfers(bench: Bench) -> Iterator[str]:
    for path in sorted(bench.bank_folder.glob("*.xml")):
        for node in root_of(path.read_bytes()).iter("CdtTrfTxInf"):
            yield text_of(node, "PmtId/EndToEndId")


STAGES: Sequence[tuple[str, Callable[[Bench], None]]] = (
    ("close the day", close),
    ("confirm burns, owe euro", burn),
    ("draft, release and send files", order),
    ("write statements, PDF and CSV", statements),
    ("import the bank's answer", answer),
)


def verify(bench: Bench) -> None:
    """Check the books and that no transfer is in the bank's files twice.

    Raises:
        AssertionError: Something was paid twice, or the books differ.
    """
    references = list(_transfers(bench))
    with bench.database.reading() as session:
        for what, found, expected in comparisons(session):
            assert found == expected, f"{what}: {found}, not {expected}"  # noqa: S101 - a check
        for currency in names.Currency:
            assert ledger_queries.total(session, currency) == 0  # noqa: S101 - a check
        units, cents = queries.burned_cents(session)
        paid = ledger_queries.balance(session, names.PAID)
    assert len(references) == len(set(references)) == bench.merchants  # noqa: S101 - a check
    assert paid == cents == units * RATE // 1_000_000  # noqa: S101 - a check
    written = len(list((bench.folder / "statements").glob("*.pdf")))
    assert written == bench.merchants, f"{written} statements"  # noqa: S101 - a check
    print(f"{len(references)} transfers, none twice; {paid} cents for {units} units")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build once, run every stage, verify."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--merchants", type=int, default=5_000)
    parser.add_argument("--payments", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="a run of another size has another one")
    parser.add_argument("--fresh", action="store_true", help="forget an earlier run")
    parser.add_argument("--build-only", action="store_true", help="settle nothing yet")
    chosen = parser.parse_args(arguments)
    size = f"{chosen.merchants}x{chosen.payments}"
    folder: Path = (chosen.folder or Path("build/bench-settlement") / size).resolve()
    if chosen.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    url = os.environ.get("DATABASE_URL") or f"sqlite:///{folder / 'bench.db'}"
    folder.mkdir(parents=True, exist_ok=True)
    migrate(url)
    bench = Bench(Database(url), folder, chosen.merchants, chosen.payments)
    with bench.database.reading() as session:
        is_built = session.exec(select(col(Merchant.id)).limit(1)).first() is not None
    if not is_built:
        with _timed(f"(build {chosen.merchants} merchants, {chosen.payments} payments)"):
            build(bench)
    if chosen.build_only:
        return 0
    start = perf_counter()
    for name, stage in STAGES:
        with _timed(name):
            stage(bench)
    print(f"all stages {perf_counter() - start:.1f} s")
    verify(bench)
    own, worker = (usage.ru_maxrss // 1024 for usage in _usages())
    print(f"peak memory {own} MiB, of a worker {worker} MiB")
    return 0


@contextmanager
def _timed(name: str) -> Iterator[None]:
    start, cpu = perf_counter(), _cpu_s()
    yield
    print(f"{name:<46} {perf_counter() - start:7.1f} s, {_cpu_s() - cpu:7.1f} s of CPU", flush=True)


def _cpu_s() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in _usages())


def _usages() -> tuple[resource.struct_rusage, resource.struct_rusage]:
    return resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)


if __name__ == "__main__":
    sys.exit(main())
