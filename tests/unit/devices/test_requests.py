"""Signed requests of devices."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import codes, requests
from backend.devices.errors import CodeMalformedError, DeviceRequestRefusedError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = KEY.public_key().public_bytes_raw()
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
PATH = "/api/v1/devices/heartbeat"


def header() -> str:
    return requests.sign(KEY, device=12, method="POST", path=PATH, body=b"{}", at=NOON)


def check(
    *,
    method: str = "POST",
    path: str = PATH,
    body: bytes = b"{}",
    age_s: int = 0,
    key: bytes = PUBLIC_KEY,
) -> int:
    now = NOON + timedelta(seconds=age_s)
    return requests.verify(
        requests.read(header()), key, method=method, path=path, body=body, now=now
    )


def test_tells_how_far_the_devices_clock_is_off() -> None:
    assert requests.read(header()).device == 12
    assert check() == 0
    assert check(age_s=40) == -40
    assert check(age_s=-40) == 40


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"method": "GET"}, "another request"),
        ({"path": PATH + "?a=1"}, "another request"),
        ({"body": b"{ }"}, "another request"),
        ({"age_s": 61}, "more than a minute"),
        ({"age_s": -61}, "more than a minute"),
        ({"key": bytes(32)}, "not the device's"),
        ({"key": b"short"}, "not the device's"),
    ],
)
def test_refuses_a_request_that_is_not_this_one(
    changed: dict[str, str | bytes | int], problem: str
) -> None:
    with pytest.raises(DeviceRequestRefusedError, match=problem):
        check(**changed)  # type: ignore[arg-type] # parameters by name


@pytest.mark.parametrize("value", [None, "", "Bearer abc", "Calanque-Device", "Calanque-Device A!"])
def test_refuses_a_missing_or_unreadable_header(value: str | None) -> None:
    with pytest.raises(DeviceRequestRefusedError):
        requests.read(value)


def test_a_code_is_never_a_request_and_a_request_never_a_code() -> None:
    code = codes.encode_slot(KEY, device=12, slot=codes.slot_of(NOON), seq=0)

    with pytest.raises(DeviceRequestRefusedError):
        requests.read(f"{requests.SCHEME} {code}")
    with pytest.raises(CodeMalformedError):
        codes.read(header().removeprefix(requests.SCHEME + " "))
