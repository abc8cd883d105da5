"""camt.053 and camt.054: entries of the account; a credit with a return reason is a return."""

from xml.etree.ElementTree import Element

from backend.payouts.bank.formats.line import BankLine, Verdict
from backend.payouts.bank.formats.xml import cents_of, text_of


def read(root: Element) -> list[BankLine]:
    """Return the booked entries that name a transfer; fees and other money are passed over."""
    lines = []
    for entry in root.iter("Ntry"):
        status = text_of(entry, "Sts/Cd") or text_of(entry, "Sts")
        if status != "BOOK":
            continue
        for details in entry.iter("TxDtls"):
            line = _line(entry, details)
            if line is not None:
                lines.append(line)
    return lines


def _line(entry: Element, details: Element) -> BankLine | None:
    reference = text_of(details, "Refs/EndToEndId")
    if not reference or reference == "NOTPROVIDED":
        return None
    direction = text_of(details, "CdtDbtInd") or text_of(entry, "CdtDbtInd")
    reason = text_of(details, "RtrInf/Rsn/Cd")
    if direction == "CRDT" and not reason:
        return None
    amount = text_of(details, "Amt") or text_of(details, "AmtDtls/TxAmt/Amt")
    return BankLine(
        end_to_end_id=reference,
        verdict=Verdict.RETURNED if direction == "CRDT" else Verdict.PAID,
        message_id=text_of(details, "Refs/MsgId"),
        euro_cents=cents_of(amount),
        reason_code=reason,
    )
