"""A phone reads the codes from an imperfect picture: turned, blurred, small, noisy."""

import random
from datetime import UTC, datetime

import qrcode
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageFilter

from backend.devices import codes, cose

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HOST = "HTTPS://CALANQUE.AMPMETROPOLE.FR"
FRAME = (1280, 720)
ROUNDS = 50


def largest_codes(draw: random.Random) -> list[str]:
    """A slot and a deposit code of their greatest lengths."""
    slot = codes.encode_slot(
        KEY, device=cose.MAX_DEVICE, slot=59_847_840 + draw.randrange(10**6), seq=1000
    )
    deposit = codes.encode_deposit(
        KEY,
        device=cose.MAX_DEVICE,
        counter=2**32 - 1 - draw.randrange(10**6),
        material="glass",
        count=1000,
        mass_g=1_000_000,
        issued_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return [codes.url_of(token, HOST) for token in (slot, deposit)]


def photograph(text: str, draw: random.Random) -> Image.Image:
    """A 720p frame of a screen: any angle, a third to most of the height, blur and noise."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    picture = code.make_image().get_image().convert("L")
    side = draw.randrange(300, 500)
    picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    picture = picture.rotate(draw.uniform(0, 360), expand=True, fillcolor=255)
    frame = Image.new("L", FRAME, 190)
    spot = (
        draw.randrange(FRAME[0] - picture.width + 1),
        draw.randrange(max(1, FRAME[1] - picture.height + 1)),
    )
    frame.paste(picture, spot)
    frame = frame.filter(ImageFilter.GaussianBlur(draw.uniform(0.3, 1.2)))
    noise = Image.effect_noise(FRAME, 18)
    return Image.blend(frame, noise, 0.15)


def test_at_least_98_in_100_pictures_are_read() -> None:
    draw = random.Random(2026)
    texts = [text for _ in range(ROUNDS // 2) for text in largest_codes(draw)]

    read = [
        [found.text for found in zxingcpp.read_barcodes(photograph(text, draw))] == [text]
        for text in texts
    ]

    assert sum(read) >= 0.98 * ROUNDS
