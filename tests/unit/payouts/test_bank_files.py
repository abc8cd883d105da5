from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.payouts.bank import formats, sepa
from backend.payouts.bank.formats import BankLine, Verdict
from backend.payouts.errors import BankReportUnreadableError
from backend.payouts.rules import MAX_NAME_CHARS, Payee, latin
from tests.support import euro

ORDER = sepa.Order(
    message_id="CAL" + "0" * 32,
    debtor=euro.PAYER,
    created_at=datetime(2026, 11, 26, 12, tzinfo=UTC),
    execution_on=date(2026, 11, 27),
)
PAIN002 = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>B1</MsgId></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>CAL1</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>CAL1</OrgnlPmtInfId>
<TxInfAndSts><OrgnlEndToEndId>AA</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>
<TxInfAndSts><OrgnlEndToEndId>BB</OrgnlEndToEndId><TxSts>RJCT</TxSts>
<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf>
<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">12.5</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>
<TxInfAndSts><OrgnlEndToEndId>CC</OrgnlEndToEndId><TxSts>PDNG</TxSts></TxInfAndSts>
</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""
WITH_ENTITY = "<!DOCTYPE a [<!ENTITY b 'BB'>]>" + PAIN002.partition("?>")[2].replace(
    ">BB<", ">&b;<"
)
CAMT054 = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn>
<Ntry><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls>
<TxDtls><Refs><MsgId>CAL1</MsgId><EndToEndId>AA</EndToEndId></Refs>
<Amt Ccy="EUR">3.00</Amt></TxDtls>
</NtryDtls></Ntry>
<Ntry><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls>
<TxDtls><Refs><EndToEndId>BB</EndToEndId></Refs><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>
<TxDtls><Refs><EndToEndId>APPORT 7</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>
<Ntry><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts><NtryDtls>
<TxDtls><Refs><EndToEndId>CC</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>
</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"""
CSV = "Référence;Statut;Montant;Motif\nAA;payé;3,00;\nBB;rejeté;;ac04\n"


@given(
    cents=st.lists(st.integers(1, 10**9), min_size=1, max_size=5),
    holder=st.text(max_size=80).filter(latin),
)
def test_a_file_that_was_written_is_read_again(cents: list[int], holder: str) -> None:
    credits_ = [
        sepa.Credit(f"REF{n}", Payee(holder, euro.IBAN), amount, "Calanque")
        for n, amount in enumerate(cents)
    ]

    order, read = sepa.read(sepa.write(ORDER, credits_))

    assert (order.message_id, order.debtor.iban, order.execution_on) == (
        ORDER.message_id, euro.PAYER.iban, ORDER.execution_on
    )  # fmt: skip
    name = latin(holder)[:MAX_NAME_CHARS].strip()
    assert read == [replace(credit, payee=Payee(name, euro.IBAN)) for credit in credits_]


def test_a_file_holds_each_transfer_once_and_fits_the_schema() -> None:
    credits_ = [
        sepa.Credit(f"REF{n}", Payee("Épicerie « Chez Zoé »", euro.IBAN), n, "Calanque")
        for n in (1, 99, 123_456)
    ]

    written = sepa.write(ORDER, credits_)

    assert euro.references(written.decode()) == {
        "REF1": "0.01", "REF99": "0.99", "REF123456": "1234.56"
    }  # fmt: skip
    assert b"<CtrlSum>1235.56</CtrlSum>" in written
    assert b"<MsgId>CAL" in written
    assert sepa.write(ORDER, credits_) == written


@pytest.mark.parametrize(
    ("content", "kind", "lines"),
    [
        (
            PAIN002,
            "pain.002",
            [
                BankLine("AA", Verdict.PAID, "CAL1"),
                BankLine("BB", Verdict.RETURNED, "CAL1", 1_250, "AC01"),
                BankLine("CC", Verdict.WAITING, "CAL1"),
            ],
        ),
        (
            CAMT054,
            "camt",
            [
                BankLine("AA", Verdict.PAID, "CAL1", 300),
                BankLine("BB", Verdict.RETURNED, reason_code="AC04"),
            ],
        ),
        (
            CSV,
            "csv",
            [
                BankLine("AA", Verdict.PAID, euro_cents=300),
                BankLine("BB", Verdict.RETURNED, reason_code="AC04"),
            ],
        ),
    ],
    ids=["pain.002", "camt", "csv"],
)
def test_answers_of_banks_are_read(content: str, kind: str, lines: list[BankLine]) -> None:
    assert formats.read(content.encode()) == (kind, lines)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<Document/>",
        b"<Document><FIToFIPmtStsRpt/></Document>",
        b"<Document><CstmrPmtStsRpt/></Document>",
        WITH_ENTITY.encode(),
        WITH_ENTITY.encode("utf-16-le"),
        b"<Document><CstmrPmtStsRpt>",
        b"nom;prix\nAA;3\n",
        b"reference;statut\nAA;peut-etre\n",
        b"reference;statut;montant\nAA;paye;3,001\n",
        b"reference;statut\n\xff\xfe;paye\n",
    ],
)
def test_what_is_no_answer_is_refused(content: bytes) -> None:
    with pytest.raises(BankReportUnreadableError):
        formats.read(content)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: b"<" + text.encode()))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    try:
        _, lines = formats.read(content)
    except BankReportUnreadableError:
        return
    assert lines
