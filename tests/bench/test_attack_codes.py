"""The million attacks, a thousand times smaller."""

import itertools

import pytest

from backend.actions.verifiers import sticker
from backend.devices import codes, rules
from scripts.bench import attack_codes


def test_no_replay_and_no_forgery_is_accepted() -> None:
    outcomes, town = attack_codes.run(1800, seed=7)

    accepted = {style: outcomes[style]["accepted"] for style in attack_codes.NEVER}
    assert accepted == dict.fromkeys(attack_codes.NEVER, 0)
    assert max(town.door.taken.values()) <= attack_codes.CAPACITY
    assert outcomes["relay"]["accepted"] > 50


def test_a_live_relay_is_bounded_by_capacity_and_time() -> None:
    assert attack_codes.relay_bound(seed=7) == (attack_codes.CAPACITY, 45)


def test_without_single_use_photos_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()
    monkeypatch.setattr(codes, "code_key", lambda _: str(next(numbers)))

    outcomes, _ = attack_codes.run(1800, seed=7)

    assert outcomes["photo"]["accepted"] > 0


def test_without_the_time_window_late_relays_are_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "freshness", lambda *_, **__: rules.Freshness.FRESH)

    assert attack_codes.relay_bound(seed=7)[1] == 60


def test_without_signatures_forgeries_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "verify", lambda code, _key: code.content)

    outcomes, _ = attack_codes.run(1800, seed=7)

    assert outcomes["forged"]["accepted"] > 0


def test_without_the_distance_a_photo_of_a_sticker_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sticker, "is_near_enough", lambda *_: True)

    outcomes, _ = attack_codes.run(1800, seed=7)

    assert outcomes["sticker"]["accepted"] > 0
