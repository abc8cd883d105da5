"""Write docs/samples: a statement, its CSV, a SEPA file and an answer, from the code itself."""

import hashlib
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from backend.payouts.bank import sepa
from backend.payouts.rules import Payee, end_to_end_id, message_id
from backend.statements import csv_file, pdf
from backend.statements.rules import Line, PaidLine, Statement, number_of

FOLDER = Path(__file__).parents[2] / "docs" / "samples"
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
RATE = 100_000
PAYER = Payee("Métropole (exemple)", "FR7630006000011234567890189", "AGRIFRPP")
SHOP = Payee("SARL Boulangerie du Panier", "FR1420041010050500013M02606", "PSSTFRPPXXX")


def statement() -> Statement:
    """Return a bakery's month: three days of sales, one refund, three closings."""
    lines: list[Line] = []
    payouts: list[PaidLine] = []
    held = opening = 7
    for day in range(3):
        at = datetime(2026, 11, 23 + day, 7, 12, tzinfo=UTC)
        moves = [("payment_confirmed", 250 + 30 * n) for n in range(4 + day)]
        if day == 1:
            moves.append(("refund_requested", -280))
        for number, (kind, units) in enumerate(moves):
            held += units
            when = at + timedelta(minutes=47 * number)
            lines.append(Line(when, kind, f"{day}{number}B7C4E0", units, held))
        closed = held - held % 10
        held -= closed
        midnight = datetime(2026, 11, 23 + day, 23, 0, 30, tzinfo=UTC)
        lines.append(Line(midnight, "cash_out_requested", f"{day}F00D5A1", -closed, held))
        reference = end_to_end_id(hashlib.sha256(bytes([day])).hexdigest(), 1)
        state = ("paid", "paid", "sent")[day]
        payouts.append(PaidLine(midnight, reference, closed, closed // 10, state))
    return Statement(
        number=number_of("0" * 24 + "5a11e7b0", FIRST, LAST),
        merchant="Boulangerie du Panier",
        commune="Marseille 2e Arrondissement",
        account="FR14 … 2606",
        first=FIRST,
        last=LAST,
        made_at=datetime(2026, 11, 30, 23, tzinfo=UTC),
        opening_units=opening,
        lines=tuple(lines),
        payouts=tuple(payouts),
        rate_micro_cents_per_unit=RATE,
    )


def main() -> int:
    """Write the samples; the same bytes every time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = statement()
    (FOLDER / "releve.pdf").write_bytes(pdf.write(made))
    (FOLDER / "releve.csv").write_bytes(csv_file.write(made))
    order = sepa.Order(
        message_id("0" * 24 + "5a11e7b0"), PAYER, datetime(2026, 11, 26, 8, tzinfo=UTC), LAST
    )
    credits_ = [
        sepa.Credit(paid.reference, SHOP, paid.euro_cents, f"Calanque {paid.reference}")
        for paid in made.payouts
    ]
    (FOLDER / "virements.pain.001.001.09.xml").write_bytes(sepa.write(order, credits_))
    answers = ["reference;statut;montant;motif"]
    answers += [f"{paid.reference};paye;;" for paid in made.payouts[:2]]
    answers.append(f"{made.payouts[2].reference};retourne;;AC04")
    (FOLDER / "retours.csv").write_text("\n".join(answers) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
