"""The citizen's card: a page to cut and fold, with what to do in all cases of life."""

import json
from datetime import datetime

from backend.paper.typesetting import qr_svg, typeset


def card_pdf(data: str, *, at: datetime) -> bytes:
    """Set the page of a card.

    Args:
        data: From `card_data`.
        at: When it was made.
    """
    return typeset("card", data, at=at)


def card_data(
    *, url: str, code: str, label: str, language: str, household: str = "", at: datetime
) -> str:
    """Collect what is on a card, as JSON for the template.

    Args:
        url: What its QR holds.
        code: The same for typing, grouped.
        label: Tells the holder's cards apart.
        language: "fr" or "en".
        household: Name of the household that shares it; empty for a personal one.
        at: When it was made.
    """
    return json.dumps(
        {
            "language": language,
            "qr": qr_svg(url, is_sturdy=True),
            "code": code,
            "label": label,
            "household": household,
            "day": at.strftime("%d/%m/%Y"),
        }
    )
