"""From a template and its data to the bytes of a PDF; no session, clock or settings."""

import io
import threading
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import qrcode
import typst
from qrcode.image.svg import SvgPathFillImage

MEDIA_TYPE = "application/pdf"
QUIET_ZONE = 4
"""Modules of white around the code (ISO/IEC 18004 §6.3.8)."""

_TEMPLATES = Path(__file__).parent / "templates"
_lock = threading.Lock()
"""One document at a time: the compiler is not shared between threads."""


@lru_cache
def _compiler() -> typst.Compiler:
    """Keep the fonts loaded: a page takes a fifth of the time that it takes alone."""
    return typst.Compiler(root=_TEMPLATES, ignore_system_fonts=True)


def typeset(template: str, data: str, *, at: datetime) -> bytes:
    """Set a document.

    Only the fonts inside typst are used, so that a page looks the same on every machine.

    Args:
        template: Name of a file in `templates`, without ".typ".
        data: JSON; the template reads it as `sys.inputs.data`.
        at: Goes into the file as its time of creation.
    """
    with _lock:
        made: object = _compiler().compile(
            input=_TEMPLATES / f"{template}.typ",
            format="pdf",
            sys_inputs={"data": data},
            pdf_standards=["ua-1"],
            timestamp=at.astimezone(UTC).replace(microsecond=0),
        )
    if not isinstance(made, bytes):
        msg = "typst wrote no document"
        raise TypeError(msg)
    return made


def qr_svg(text: str, *, is_sturdy: bool = False) -> str:
    """Draw a link as a QR code; upper-case links stay in the compact alphanumeric mode.

    Args:
        is_sturdy: Level Q in place of M, for short links on paper that gets folded and dirty.
    """
    level = qrcode.ERROR_CORRECT_Q if is_sturdy else qrcode.ERROR_CORRECT_M
    code = qrcode.QRCode(error_correction=level, border=QUIET_ZONE)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    stream = io.BytesIO()
    code.make_image(image_factory=SvgPathFillImage).save(stream)
    return stream.getvalue().decode()
