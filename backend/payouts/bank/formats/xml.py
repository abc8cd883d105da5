"""ISO 20022 documents without their namespaces, which change with every version."""

import re
from xml.etree import ElementTree as ET

from backend.payouts.errors import BankReportUnreadableError

_AMOUNT = re.compile(r"(?P<whole>\d{1,12})(?:\.(?P<part>\d{1,2}))?", re.ASCII)


def root_of(content: bytes) -> ET.Element:
    """Parse a document and drop namespaces.

    Raises:
        BankReportUnreadableError: It is no XML, or declares a document type: no bank does,
            and entities could make a small file fill the memory.
    """
    if b"\0" in content:
        # UTF-16 would hide a document type from the next line.
        raise BankReportUnreadableError("it is not written in UTF-8")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise BankReportUnreadableError("it declares a document type")
    try:
        root = ET.fromstring(content)  # noqa: S314 - without a document type there are no entities
    except ET.ParseError as error:
        raise BankReportUnreadableError("it is broken XML") from error
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def text_of(node: ET.Element, path: str) -> str:
    """Return the text at a path, "" when there is none."""
    return (node.findtext(path) or "").strip()


def cents_of(text: str) -> int | None:
    """Return euro cents of "12.3", `None` when it is no amount."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    return int(found["whole"]) * 100 + int((found["part"] or "").ljust(2, "0"))
