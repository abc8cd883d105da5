"""Stickers for containers: four to a page, in French and English, one per container."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from backend.paper.typesetting import qr_svg, typeset


@dataclass(frozen=True, slots=True)
class Sticker:
    """One sticker.

    Attributes:
        url: What its QR holds.
        number: Device number, for who reports or revokes it.
        station: Name of the station.
        place: Address and commune.
        material_fr, material_en: What goes into the container.
    """

    url: str
    number: int
    station: str
    place: str
    material_fr: str
    material_en: str


def stickers_pdf(stickers: Sequence[Sticker], *, at: datetime) -> bytes:
    """Set a sheet of stickers (A4, A6 each)."""
    rows = [{**asdict(sticker), "qr": qr_svg(sticker.url)} for sticker in stickers]
    return typeset("stickers", json.dumps({"stickers": rows}), at=at)
