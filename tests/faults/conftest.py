"""What all schedules start from."""

from pathlib import Path

import pytest

from tests.faults.play import prepare


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, copied by each schedule."""
    return prepare(tmp_path_factory.mktemp("faults"))
