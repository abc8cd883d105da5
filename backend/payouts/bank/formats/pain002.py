"""pain.002: the bank's answer to a file, as a whole or transfer by transfer."""

from xml.etree.ElementTree import Element

from backend.payouts.bank.formats.line import BankLine, Verdict
from backend.payouts.bank.formats.xml import cents_of, text_of

_VERDICTS = {
    # ExternalPaymentTransactionStatus1Code and -GroupStatus1Code of ISO 20022.
    "ACSC": Verdict.PAID,
    "ACCC": Verdict.PAID,
    "RJCT": Verdict.RETURNED,
}


def read(root: Element) -> list[BankLine]:
    """Return the lines; a status that is neither final nor refused waits."""
    lines = []
    for report in root.iter("CstmrPmtStsRpt"):
        message_id = text_of(report, "OrgnlGrpInfAndSts/OrgnlMsgId")
        transactions = list(report.iter("TxInfAndSts"))
        lines += [_transaction(node, message_id) for node in transactions]
        status = text_of(report, "OrgnlGrpInfAndSts/GrpSts")
        if status and not transactions:
            reason = text_of(report, "OrgnlGrpInfAndSts/StsRsnInf/Rsn/Cd")
            lines.append(BankLine("", _verdict(status), message_id, reason_code=reason))
    return lines


def _transaction(node: Element, message_id: str) -> BankLine:
    return BankLine(
        end_to_end_id=text_of(node, "OrgnlEndToEndId"),
        verdict=_verdict(text_of(node, "TxSts")),
        message_id=message_id,
        euro_cents=cents_of(text_of(node, "OrgnlTxRef/Amt/InstdAmt")),
        reason_code=text_of(node, "StsRsnInf/Rsn/Cd"),
    )


def _verdict(status: str) -> Verdict:
    return _VERDICTS.get(status, Verdict.WAITING)
