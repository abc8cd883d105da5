"""SEPA credit transfers: pain.001.001.09, written by sepaxml and checked against its XSD."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import sepaxml
from xmlschema import XMLSchema

from backend.payouts.rules import Payee

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
            "name": order.debtor.name,
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
                "name": credit.payee.name,
                "IBAN": credit.payee.iban,
                "amount": credit.euro_cents,
                "execution_date": order.execution_on,
                "description": credit.purpose,
                "endtoend_id": credit.end_to_end_id,
            }
            | _bic(credit.payee)
        )
    written: bytes = transfer.export(validate=False)
    _schema().validate(written.decode())
    return written


@lru_cache
def _schema() -> XMLSchema:
    """Read the XSD once: sepaxml reads it for every file, which takes most of a second."""
    return XMLSchema(Path(sepaxml.__file__).parent / "schemas" / f"{SCHEMA}.xsd")


def _bic(payee: Payee) -> dict[str, Any]:
    return {"BIC": payee.bic} if payee.bic else {}
