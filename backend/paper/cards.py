"""The citizen's card: a page to cut and fold, with what to do in all cases of life."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.paper.typesetting import qr_svg, typeset


@dataclass(frozen=True, slots=True)
class Print:
    """A card to print: what its QR holds, and the same for typing, grouped."""

    url: str
    code: str


def card_pdf(data: str, *, at: datetime) -> bytes:
    """Set the page of a card.

    Args:
        data: From `card_data`.
        at: When it was made.
    """
    return typeset("card", data, at=at)


def card_data(prints: Sequence[Print], *, language: str, household: str = "", at: datetime) -> str:
    """Collect what is on a page of cards, as JSON for the template.

    Args:
        prints: One card, or a card and its spare.
        language: "fr" or "en".
        household: Name of the household that shares it; empty for a personal one.
        at: When they were made.
    """
    return json.dumps(
        {
            "language": language,
            "cards": [
                {
                    "qr": qr_svg(one.url, is_sturdy=True),
                    "code": one.code,
                    "label": f"…{one.code[-4:]}",
                    "is_spare": number > 0,
                }
                for number, one in enumerate(prints)
            ],
            "household": household,
            "day": at.strftime("%d/%m/%Y"),
        }
    )
