import pytest

from backend.clerks import rules


@pytest.mark.parametrize("pin", ["2580", "90210", "13579246"])
def test_takes_four_to_eight_digits(pin: str) -> None:
    assert rules.is_pin(pin)


@pytest.mark.parametrize(
    "pin", ["", "258", "258025802", "25a0", "٢٥٨٠", "1111", "1234", "7890", "4321", "09876543"]
)
def test_refuses_what_is_too_short_or_guessed_first(pin: str) -> None:
    assert not rules.is_pin(pin)


def test_first_pins_are_good_and_differ() -> None:
    pins = {rules.new_pin() for _ in range(50)}

    assert len(pins) > 45
    assert all(rules.is_pin(pin) for pin in pins)


def test_a_hash_depends_on_pin_and_salt_and_hides_the_pin() -> None:
    base = rules.pin_hash("2580", "aa")

    assert base not in {rules.pin_hash("2581", "aa"), rules.pin_hash("2580", "ab")}
    assert base == rules.pin_hash("2580", "aa")
    assert "2580" not in base
