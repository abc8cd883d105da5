"""SEPA credit transfers: pain.001.001.09, written by sepaxml and checked against its XSD.

What was written here can be read again: after a restore the file itself may be all that is left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import sepaxml
from xmlschema import XMLSchema, XMLSchemaValidationError

from backend.payouts.bank.formats.xml import cents_of, root_of, text_of
from backend.payouts.errors import BankReportUnreadableError, PaymentFileUnreadableError
from backend.payouts.rules import MAX_NAME_CHARS, Payee, latin

SCHEMA = "pain.001.001.09"
"""The version that European banks take since November 2025 (EPC115-06, 2025 rulebook)."""


@dataclass(frozen=True)
class Credit:
    """One transfer of a file. Unit: euro cents."""

    end_to_end_id: str
    payee: Payee
    euro_cents: int
    purpose: str


@dataclass(frozen=True)
class Order:
    """What a file says of itself.

    Attributes:
        message_id: At most 35 characters; the bank refuses a second file of this name.
        debtor: Account that the money leaves.
        created_at: As written in the file.
        execution_on: Day on which the bank is asked to pay.
    """

    message_id: str
    debtor: Payee
    created_at: datetime
    execution_on: date


class _Transfer(sepaxml.SepaTransfer):  # type: ignore[misc]  # sepaxml ships no types
    """A transfer whose references and time are ours instead of random."""

    def __init__(self, order: Order) -> None:
        self._order = order
        config = {
            "name": latin(order.debtor.name)[:MAX_NAME_CHARS],
            "IBAN": order.debtor.iban,
            "batch": True,
            "currency": "EUR",
        }
        super().__init__(config | _bic(order.debtor), schema=SCHEMA, clean=True)

    def _create_header(self) -> None:
        self.msg_id = self._order.message_id
        super()._create_header()
        for node in self._xml.iter("CreDtTm"):
            node.text = self._order.created_at.strftime("%Y-%m-%dT%H:%M:%S")

    def _finalize_batch(self) -> None:
        super()._finalize_batch()
        for node in self._xml.iter("PmtInfId"):
            node.text = self._order.message_id


def write(order: Order, credits_: Iterable[Credit]) -> bytes:
    """Return the file, the same bytes for the same input.

    Raises:
        xmlschema.XMLSchemaValidationError: It does not fit the schema.
    """
    transfer = _Transfer(order)
    for credit in credits_:
        transfer.add_payment(
            {
                "name": latin(credit.payee.name)[:MAX_NAME_CHARS],
                "IBAN": credit.payee.iban,
                "amount": credit.euro_cents,
                "execution_date": order.execution_on,
                "description": latin(credit.purpose),
                "endtoend_id": credit.end_to_end_id,
            }
            | _bic(credit.payee)
        )
    written: bytes = transfer.export(validate=False)
    _schema().validate(written.decode())
    return written


def read(content: bytes) -> tuple[Order, list[Credit]]:
    """Return what a file of `write` says; of the times only the day of `created_at` is certain.

    Raises:
        PaymentFileUnreadableError: It is no such file.
    """
    try:
        content.decode()
        root = root_of(content)
        # As a stream: a text that is no XML would be opened as a path or an address.
        _schema().validate(BytesIO(content))
    except (UnicodeDecodeError, XMLSchemaValidationError, BankReportUnreadableError) as error:
        raise PaymentFileUnreadableError(type(error).__name__) from error
    batch = next(root.iter("PmtInf"))
    order = Order(
        message_id=text_of(root, ".//GrpHdr/MsgId"),
        debtor=Payee(text_of(batch, "Dbtr/Nm"), text_of(batch, "DbtrAcct/Id/IBAN")),
        created_at=datetime.fromisoformat(text_of(root, ".//GrpHdr/CreDtTm")).replace(tzinfo=UTC),
        execution_on=date.fromisoformat(text_of(batch, "ReqdExctnDt/Dt")),
    )
    return order, [_credit_of(node) for node in root.iter("CdtTrfTxInf")]


def _credit_of(node: Element) -> Credit:
    return Credit(
        end_to_end_id=text_of(node, "PmtId/EndToEndId"),
        payee=Payee(text_of(node, "Cdtr/Nm"), text_of(node, "CdtrAcct/Id/IBAN")),
        euro_cents=cents_of(text_of(node, "Amt/InstdAmt")) or 0,
        purpose=text_of(node, "RmtInf/Ustrd"),
    )


@lru_cache
def _schema() -> XMLSchema:
    """Read the XSD once: sepaxml reads it for every file, which takes most of a second."""
    return XMLSchema(Path(sepaxml.__file__).parent / "schemas" / f"{SCHEMA}.xsd")


def _bic(payee: Payee) -> dict[str, Any]:
    return {"BIC": payee.bic} if payee.bic else {}
