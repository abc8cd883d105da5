"""The measured work is the real one: every kind of claim passes."""

import pytest

from scripts.bench import verification


@pytest.mark.parametrize("kind", verification.CODES)
def test_what_is_timed_is_a_whole_verification(kind: str) -> None:
    freshness, state, _ = verification.verification(kind)().split()

    assert (freshness, state) == ("fresh", "accepted")
