"""The simulated town, small: its goals hold, and a broken control shows."""

import pytest

from scripts.red_team import recycling, search
from scripts.red_team.attacks import COLLECTORS, GUARDS, STYLES
from scripts.red_team.scheme import Controls

SETTING = {
    "per_day": 6,
    "days": 12,
    "hour": 12,
    "items": 2,
    "delay_s": 30,
    "stations": 2,
    "accounts": 3,
    "glass": 1,
}


def test_every_style_names_the_control_that_guards_it() -> None:
    assert {style for style, _ in GUARDS} == {*STYLES, *COLLECTORS}
    assert {control for _, control in GUARDS} <= set(Controls.__dataclass_fields__)


def test_a_small_town_meets_the_goals() -> None:
    result = recycling.month(dict.fromkeys(STYLES, SETTING), honest=400, hostile=36, seed=3)

    assert result.fraud <= 0.01
    assert result.cheater <= 1.5
    # A town of 400 shares few stations, so company and crowding are seen where there is none:
    # 3.0 % here, 1.0 % at 2,000 people. The goal is judged at 5,000 (docs/review.md).
    assert result.held <= 0.035
    assert result.refused <= 0.005
    assert result.located >= 0.25


@pytest.mark.parametrize("style", ["photo", "late", "forged", "clock", "stolen_key", "remote"])
def test_guarded_styles_gain_nothing(style: str) -> None:
    assert search.trials(style, "", range(3), seed=1) == [0, 0, 0]


@pytest.mark.parametrize(
    ("style", "control"), [("photo", "single_use"), ("forged", "signature"), ("empty", "drop_gate")]
)
def test_a_broken_control_lets_its_attack_in(style: str, control: str) -> None:
    assert max(search.trials(style, control, range(3), seed=1)) > 500
