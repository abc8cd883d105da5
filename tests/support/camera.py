"""Videos for Chromium's fake camera."""

import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

SIZE = (640, 480)
FRAMES_PER_IMAGE = 10


def write_video(path: Path, images: Iterable[Image.Image]) -> Path:
    """Write a motion JPEG that Chromium plays in a loop as what the camera sees.

    Args:
        path: Must end in `.mjpeg`, the name Chromium knows the format by.
        images: Each is centred on white at 640 × 480 and shown for ten frames.
    """
    with path.open("wb") as video:
        for image in images:
            video.write(_frame(image) * FRAMES_PER_IMAGE)
    return path


def _frame(image: Image.Image) -> bytes:
    canvas = Image.new("RGB", SIZE, "white")
    picture = image.convert("RGB")
    picture.thumbnail((SIZE[0] - 40, SIZE[1] - 40), Image.Resampling.LANCZOS)
    left, top = ((SIZE[axis] - picture.size[axis]) // 2 for axis in (0, 1))
    canvas.paste(picture, (left, top))
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()
