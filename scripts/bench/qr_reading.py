"""Photographs codes as a phone does, turned, blurred, small and noisy, and counts what is read.

Every code has its greatest length. Run: make bench-qr
"""

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import qrcode
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image, ImageFilter

from backend.cards import rules as cards
from backend.devices import codes, cose

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HOST = "HTTPS://CALANQUE.AMPMETROPOLE.FR"
FRAME = (1280, 720)
AT = datetime(2026, 11, 23, tzinfo=UTC)
GOAL_PERCENT = 98
VERSIONS = {"slot": 8, "deposit": 9, "ticket": 9, "item": 9, "sticker": 8, "card": 5}
"""Largest QR version that each kind may have; the first two are goals, the others follow."""


@dataclass(frozen=True)
class Picture:
    """What a QR holds and how it is drawn; a card is printed at level Q, all others at M."""

    kind: str
    text: str

    def code(self) -> qrcode.QRCode:
        """Return the QR code, fitted."""
        level = qrcode.ERROR_CORRECT_Q if self.kind == "card" else qrcode.ERROR_CORRECT_M
        code = qrcode.QRCode(error_correction=level, border=4)
        code.add_data(self.text, optimize=0)
        code.make(fit=True)
        return code


def largest(draw: random.Random) -> Iterator[Picture]:
    """Make one code of each kind, of its greatest length and random content."""
    device, counter = cose.MAX_DEVICE, 2**32 - 1 - draw.randrange(10**6)
    tokens = {
        "slot": codes.encode_slot(
            KEY, device=device, slot=59_847_840 + draw.randrange(10**6), seq=1000
        ),
        "deposit": codes.encode_deposit(
            KEY,
            device=device,
            counter=counter,
            material="glass",
            count=1000,
            mass_g=1_000_000,
            issued_at=AT,
        ),
        "ticket": codes.encode_ticket(
            KEY,
            device=device,
            serial=f"T{draw.randrange(10**15):015d}",
            mode="tram",
            distance_m=1_000_000,
            started_at=AT,
            ended_at=AT,
            issued_at=AT,
        ),
        "item": codes.encode_item(
            KEY,
            device=device,
            counter=counter,
            material="glass",
            serial=f"C{draw.randrange(10**15):015d}",
            issued_at=AT,
        ),
        "sticker": codes.encode_sticker(
            Ed25519PrivateKey.from_private_bytes(draw.randbytes(32)), device=device, issued_at=AT
        ),
    }
    for kind, token in tokens.items():
        yield Picture(kind, codes.url_of(token, HOST))
    secret = "".join(draw.choice(cards.ALPHABET) for _ in range(cards.SECRET_CHARS))
    yield Picture("card", cards.url_of(secret, HOST))


def photograph(picture: Picture, draw: random.Random) -> Image.Image:
    """Take a 720p frame of it: any angle, 300 to 500 px wide, blur and noise."""
    drawn = picture.code().make_image().get_image().convert("L")
    side = draw.randrange(300, 500)
    drawn = drawn.resize((side, side), Image.Resampling.BICUBIC)
    drawn = drawn.rotate(draw.uniform(0, 360), expand=True, fillcolor=255)
    frame = Image.new("L", FRAME, 190)
    spot = (
        draw.randrange(FRAME[0] - drawn.width + 1),
        draw.randrange(max(1, FRAME[1] - drawn.height + 1)),
    )
    frame.paste(drawn, spot)
    frame = frame.filter(ImageFilter.GaussianBlur(draw.uniform(0.3, 1.2)))
    return Image.blend(frame, Image.effect_noise(FRAME, 18), 0.15)


def measure(rounds: int, seed: int) -> dict[str, tuple[int, int, int]]:
    """Photograph each kind `rounds` times.

    Returns:
        Kind → largest QR version, pictures read, pictures taken.
    """
    draw = random.Random(seed)  # noqa: S311 - pictures must be replayable
    found: dict[str, tuple[int, int, int]] = {}
    for _ in range(rounds):
        for picture in largest(draw):
            version, read, taken = found.get(picture.kind, (0, 0, 0))
            texts = [one.text for one in zxingcpp.read_barcodes(photograph(picture, draw))]
            found[picture.kind] = (
                max(version, int(picture.code().version)),
                read + (texts == [picture.text]),
                taken + 1,
            )
    return found


def main() -> int:
    """Print the table; exit 1 below 98 % or above a version."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    found = measure(options.rounds, options.seed)
    print(f"{options.rounds} pictures of each kind at 1280 x 720, seed {options.seed}")
    is_good = True
    for kind, (version, read, taken) in found.items():
        print(f"  {kind:8} version {version} (at most {VERSIONS[kind]}), read {read} of {taken}")
        is_good &= version <= VERSIONS[kind] and read * 100 >= taken * GOAL_PERCENT
    print("Goals met." if is_good else "FAILED")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
