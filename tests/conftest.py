"""Every test gets the marker of its folder; fixtures that all share are in tests/support."""

from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

# A shared machine stalls now and then: slowness is measured by benchmarks, not by properties.
settings.register_profile("calanque", deadline=None)
settings.load_profile("calanque")

pytest_plugins = [
    "tests.support.browser",
    "tests.support.clock",
    "tests.support.databases",
    "tests.support.network",
    "tests.support.proxy",
    "tests.support.wallets",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its top folder, so that an unmarked test cannot exist."""
    for item in items:
        item.add_marker(item.path.relative_to(TESTS).parts[0])
