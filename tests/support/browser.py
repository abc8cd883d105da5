"""Headless Chromium, with or without a fake camera."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    ViewportSize,
    sync_playwright,
)

ROOT = Path(__file__).parents[2]
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
]
PHONE: ViewportSize = {"width": 390, "height": 844}
TIMEOUT_MS = 15_000


def find_chromium() -> str:
    """Return the path of the installed browser.

    Raises:
        AssertionError: There is none; the message says what to install.
    """
    found = subprocess.run(
        [ROOT / "scripts/dev/browser.sh"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@contextmanager
def launch(playwright: Playwright, *, home: Path, video: Path | None = None) -> Iterator[Browser]:
    """Start Chromium; with `video` its camera shows that file and needs no permission click.

    Args:
        home: Folder that stands for the home directory, so that ours stays untouched.
        video: Motion JPEG, see `tests.support.camera`.
    """
    arguments = list(QUIET)
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses its sandbox to root.
    if video is not None:
        arguments += [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={video}",
        ]
    browser = playwright.chromium.launch(
        executable_path=find_chromium(),
        args=arguments,
        env={**os.environ, "HOME": str(home)},
    )
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """The driver that talks to browsers."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(
    playwright_driver: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """One headless Chromium for the whole run, without a camera."""
    with launch(playwright_driver, home=tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of phone size in French, with its own cookies."""
    context = browser.new_context(viewport=PHONE, locale="fr-FR", has_touch=True)
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def phone_with_camera(
    playwright_driver: Playwright, tmp_path: Path
) -> Iterator[Callable[[Path], BrowserContext]]:
    """Make a phone whose camera sees a video: call it with the `.mjpeg` file."""
    open_browsers = []

    def open_phone(video: Path) -> BrowserContext:
        manager = launch(playwright_driver, home=tmp_path, video=video)
        browser = manager.__enter__()
        open_browsers.append(manager)
        context = browser.new_context(
            viewport=PHONE, locale="fr-FR", has_touch=True, permissions=["camera"]
        )
        context.set_default_timeout(TIMEOUT_MS)
        return context

    yield open_phone
    for manager in open_browsers:
        manager.__exit__(None, None, None)
