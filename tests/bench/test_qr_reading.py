"""A phone reads the codes from an imperfect picture; the measurement, ten times smaller."""

from scripts.bench import qr_reading


def test_98_in_100_pictures_are_read_and_no_code_is_larger_than_allowed() -> None:
    found = qr_reading.measure(rounds=25, seed=2026)

    assert found.keys() == qr_reading.VERSIONS.keys()
    assert all(version <= qr_reading.VERSIONS[kind] for kind, (version, _, _) in found.items())
    read, taken = (sum(numbers) for numbers in zip(*(f[1:] for f in found.values()), strict=True))
    assert read >= 0.98 * taken
