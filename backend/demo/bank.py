"""The journey's treasury: a file that two people release, the bank's answers, a statement."""

import csv
import io
from datetime import date
from typing import Any

from backend.demo.cast import ON_CHAIN_S, Cast, expect
from backend.demo.console import Story
from backend.demo.opening import IBAN, Opened
from backend.demo.people import Person
from backend.demo.stack import Stack
from backend.demo.witness import Witness
from backend.kernel.clock import SystemClock
from backend.workflows.close_day import ZONE

FUNDING_CENTS = 500_000
OTHER_IBAN = "FR7630006000011234567890189"
"""The example of French banks' leaflets; it pays nobody."""
TREASURY = "/api/v1/treasury"


def play(stack: Stack, story: Story, cast: Cast, witness: Witness, shop: Opened) -> None:
    """Pay the day's takings: file, release, one transfer returned, a statement as PDF."""
    story.chapter("9. The bank")
    owners = {_shop_of(owner): owner for owner in (cast.baker, cast.ines, cast.helper)}
    _prepare(cast)
    _send(stack, story, cast, count=len(owners))
    returned = _shop_of(cast.helper)
    _answer(story, cast, owners, returned)
    _another_account(stack, story, cast, returned)
    owed = sum(witness.burned_for(merchant_id) for merchant_id in owners)
    paid = witness.euro_paid()
    expect(owed == paid > 0, f"{owed} cents were burned for, {paid} paid")
    story.step(f"Points burned × rate = euro paid out = {_euro(paid)}; the desk knows every burn")
    _covered(story, cast.baker)
    _statement(stack, story, cast.ines, shop.merchant_id)


def _prepare(cast: Cast) -> None:
    account = {"holder": "SARL Boulangerie du Panier", "iban": IBAN}
    cast.baker.put(f"/api/v1/merchants/{_shop_of(cast.baker)}/bank-account", account)
    cast.treasurer.sign_in("tresorerie@demo.calanque.example")
    cast.authoriser.sign_in("ordonnateur@demo.calanque.example")
    funding = {"reference": "VIR 2026-11", "euro_cents": FUNDING_CENTS}
    cast.treasurer.post(f"{TREASURY}/fundings", funding)


def _send(stack: Stack, story: Story, cast: Cast, *, count: int) -> None:
    maud, karim = cast.treasurer, cast.authoriser
    maud.wait(
        f"{count} payouts to be due",
        TREASURY,
        lambda found: found["payouts"].get("due", {}).get("count") == count,
        timeout_s=ON_CHAIN_S,
    )
    file = maud.post(f"{TREASURY}/files")
    transfers = "1 transfer" if count == 1 else f"{count} transfers"
    story.step(f"Maud prepares {file['message_id']}: {transfers}, {_euro(file['euro_cents'])}")
    expect(file["item_count"] == count, "the file does not hold what is due")
    karim.post(f"{TREASURY}/files/{file['id']}/release")
    karim.wait(
        "the file's way to the bank",
        TREASURY,
        lambda found: found["files"][0]["state"] == "sent",
        timeout_s=ON_CHAIN_S,
    )
    path = stack.settings.sepa_folder / f"{file['message_id']}.xml"
    expect(path.exists(), "the bank got no file")
    story.step("Karim, the second person, releases it; it waits for the bank in")
    story.detail(str(path))


def _answer(story: Story, cast: Cast, owners: dict[str, Person], returned: str) -> None:
    payouts = {m: _newest(owner, m) for m, owner in owners.items()}
    lines = [
        f"{payout['reference']};retourne;;AC04"
        if merchant_id == returned
        else f"{payout['reference']};paye;;"
        for merchant_id, payout in payouts.items()
    ]
    report = _report(cast.treasurer, lines)
    expect(report["effects"] == {"paid": 2, "returned": 1}, f"the bank's answer did {report}")
    for merchant_id, owner in owners.items():
        state = _newest(owner, merchant_id)["state"]
        wanted = "returned" if merchant_id == returned else "paid"
        expect(state == wanted, f"a payout is {state} and not {wanted}")
    story.step("The bank answers: two transfers paid, the association's account is closed (AC04)")
    story.detail(
        f"The shop's bank statement says {payouts[_shop_of(cast.ines)]['reference']}, "
        "as the chain does"
    )


def _another_account(stack: Stack, story: Story, cast: Cast, merchant_id: str) -> None:
    account = {"holder": "Les Amis des Calanques", "iban": OTHER_IBAN}
    cast.helper.put(f"/api/v1/merchants/{merchant_id}/bank-account", account)
    story.step("The association gives another account; its euro leave again")
    _send(stack, story, cast, count=1)
    payout = _newest(cast.helper, merchant_id)
    _report(cast.treasurer, [f"{payout['reference']};paye;;"])
    expect(_newest(cast.helper, merchant_id)["state"] == "paid", "the second try was not paid")
    story.step(f"Paid under {payout['reference']}")


def _report(maud: Person, lines: list[str]) -> Any:
    content = "\n".join(["reference;statut;montant;motif", *lines, ""]).encode()
    return maud.upload(f"{TREASURY}/reports", "retours.csv", content)


def _covered(story: Story, anybody: Person) -> None:
    found = anybody.get("/api/v1/solvency")
    story.detail(
        f"Points in circulation are worth {_euro(found['liability_cents'])}, "
        f"the reserve holds {_euro(found['reserve_cents'])}"
    )
    expect(found["is_covered"], "the points are not covered")


def _statement(stack: Stack, story: Story, ines: Person, merchant_id: str) -> None:
    month: date = SystemClock().now().astimezone(ZONE).date()
    address = f"/versements/{merchant_id}/{month:%Y-%m}"
    pdf, table = ines.download(f"{address}.pdf"), ines.download(f"{address}.csv")
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig")), delimiter=";"))
    (payout,) = ines.get(f"/api/v1/merchants/{merchant_id}/payouts")
    euro = [row["euros"] for row in rows if row["euros"]]
    wanted = f"{payout['euro_cents'] // 100}.{payout['euro_cents'] % 100:02d}"
    expect(euro == [wanted], f"the statement says {euro} euro, the payout {wanted}")
    expect(pdf.startswith(b"%PDF-"), "the statement is no PDF")
    folder = stack.folder / "statements"
    folder.mkdir(exist_ok=True)
    path = folder / f"releve-{month:%Y-%m}.pdf"
    path.write_bytes(pdf)
    story.step(f"Inès downloads her statement, {len(rows)} lines, equal to the payout:")
    story.detail(str(path))


def _shop_of(owner: Person) -> str:
    return str(owner.get("/api/v1/merchants/mine")[0]["id"])


def _newest(owner: Person, merchant_id: str) -> Any:
    return owner.get(f"/api/v1/merchants/{merchant_id}/payouts")[0]


def _euro(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} euro"
