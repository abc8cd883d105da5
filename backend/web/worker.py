"""The service worker: lets a few pages open without network, and what they load with them."""

import hashlib
import json
from functools import lru_cache

from fastapi import APIRouter, Response

from backend.http.deps import public
from backend.web.rendering import FOLDER, asset

router = APIRouter(include_in_schema=False)

VERSIONED = (
    "tokens.css",
    "base.css",
    "components.css",
    "pages.css",
    "promises.css",
    "mark.svg",
    "icons.svg",
    "till.js",
    "till-promises.js",
    "phone-promises.js",
    "vendor/barcode-detector.js",
    "vendor/qr-writer.js",
)
"""What the pages of payments without network name in their HTML."""
PLAIN = (
    "promise-codes.js",
    "promise-page.js",
    "promise-queue.js",
    "promise-store.js",
    "reader.js",
    "vendor/zxing_reader.wasm",
    "vendor/zxing_writer.wasm",
    "vendor/atkinson-hyperlegible-next-latin-wght-normal.woff2",
)
"""What scripts and styles load by themselves, under an address without a version."""


@router.get("/veille.js", dependencies=[public()])
def get_worker() -> Response:
    """Answer with the worker; its text changes whenever a file changes that it keeps."""
    return Response(
        worker(),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )


@lru_cache
def worker() -> str:
    """Return the worker with the addresses of what it keeps, and a digest of all of it.

    Raises:
        FileNotFoundError: A file is missing; `make assets` was not run.
    """
    digest = hashlib.sha256()
    for name in (*VERSIONED, *PLAIN):
        digest.update((FOLDER / "static" / name).read_bytes())
    files = [*(asset(name) for name in VERSIONED), *(f"/static/{name}" for name in PLAIN)]
    head = f'const VERSION = "{digest.hexdigest()[:16]}";\nconst FILES = {json.dumps(files)};\n'
    return head + (FOLDER / "static/veille.js").read_text("utf-8")
