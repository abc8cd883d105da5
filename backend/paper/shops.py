"""What shops print: the poster that customers scan, and receipts of both sides."""

import json
from datetime import datetime

from backend.paper.typesetting import qr_svg, typeset


def poster_pdf(*, merchant: str, commune: str, link: str, at: datetime) -> bytes:
    """Set the poster of a shop.

    Args:
        link: Upper-case address of the shop, inside its QR.
        at: When it was made.
    """
    data: dict[str, object] = {
        "merchant": merchant,
        "commune": commune,
        "link": link,
        "qr": qr_svg(link, is_sturdy=True),
    }
    return typeset("poster", json.dumps(data), at=at)


def receipt_pdf(data: dict[str, object], *, at: datetime) -> bytes:
    """Set a receipt.

    Args:
        data: title, amount, rows (name, words), refunds (rows of words), refunds_title, note,
            language; all texts in that language.
        at: When it was made.
    """
    return typeset("receipt", json.dumps(data), at=at)
