"""QR pictures: black on white, level M, quiet zone of four modules, as one SVG path."""

import io
from functools import lru_cache

import qrcode
from qrcode.image.svg import SvgPathFillImage

MEDIA_TYPE = "image/svg+xml"
QUIET_ZONE = 4
"""Modules of white around the code (ISO/IEC 18004 §6.3.8)."""


@lru_cache(maxsize=64)
def svg_of(text: str) -> bytes:
    """Draw a text; upper-case text stays in the compact alphanumeric mode."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=QUIET_ZONE)
    # No splitting into runs: one run of one mode is the smallest for our links.
    code.add_data(text, optimize=0)
    code.make(fit=True)
    stream = io.BytesIO()
    code.make_image(image_factory=SvgPathFillImage).save(stream)
    return stream.getvalue()
