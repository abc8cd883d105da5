"""Admit a group of claims that share one commit: read codes, check signatures, store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.actions.errors import DeviceUnknownError
from backend.actions.models import Claim
from backend.actions.rules import Evidence, Fact
from backend.devices import codes
from backend.devices import queries as device_queries
from backend.devices.errors import CodeForgedError
from backend.devices.models import Device
from backend.devices.rules import (
    Freshness,
    Windows,
    accepts_codes_made_at,
    act_at,
    freshness,
    keys_for,
    normalise_short,
)
from backend.kernel.canonical import canonical_json, sha256_hex
from backend.kernel.errors import EcoError, UnavailableError


@dataclass(frozen=True)
class ClaimRequest:
    """What a client sends.

    Attributes:
        account_id: Who claims; an anonymous citizen has one too.
        idempotency_key: Made by the client, 8 to 64 characters.
        code: The URL or bare code that was scanned.
    """

    account_id: str
    idempotency_key: str
    code: str


Answer = Claim | EcoError


@dataclass(frozen=True)
class _Door:
    incarnation: int
    now: datetime
    windows: Windows


def admit(session: Session, requests: Sequence[ClaimRequest], *, now: datetime) -> list[Answer]:
    """Store a group of claims and answer each.

    Errors are returned in their place, never raised: one bad request must not
    undo the others of its group.

    Effects: one claim row per authentic code, refused ones included.
    """
    incarnation = action_queries.current_incarnation(session)
    if incarnation is None:
        waiting = UnavailableError(
            "issuance", "The service is starting; keep the code on screen and try again shortly."
        )
        return [waiting for _ in requests]
    door = _Door(incarnation, now, Windows())
    short_tokens = _expand_short(session, requests, now)
    read = [_read(request, short_tokens) for request in requests]
    numbers = {code.device for code in read if not isinstance(code, EcoError)}
    devices = device_queries.by_numbers(session, numbers)
    return [
        _admit_one(session, request, code, devices, door)
        for request, code in zip(requests, read, strict=True)
    ]


def _read(request: ClaimRequest, short_tokens: dict[str, str]) -> codes.UnverifiedCode | EcoError:
    try:
        return codes.read(short_tokens.get(request.code, request.code))
    except EcoError as error:
        return error


def _expand_short(
    session: Session, requests: Sequence[ClaimRequest], now: datetime
) -> dict[str, str]:
    """Map typed short codes to the signed codes that they stand for."""
    found: dict[str, str] = {}
    for request in requests:
        short = normalise_short(request.code)
        token = device_queries.token_of_short(session, short, now=now) if short else None
        if token is not None:
            found[request.code] = token
    return found


def _admit_one(
    session: Session,
    request: ClaimRequest,
    code: codes.UnverifiedCode | EcoError,
    devices: Mapping[int, Device],
    door: _Door,
) -> Answer:
    if isinstance(code, EcoError):
        return code
    device = devices.get(code.device)
    if device is None or device.public_key is None:
        return DeviceUnknownError(code.device)
    try:
        content = _verified(code, device)
    except EcoError as error:
        return error
    submission = actions.Submission(
        account_id=request.account_id,
        idempotency_key=request.idempotency_key,
        body_hash=sha256_hex(canonical_json({"code": request.code})),
        code=request.code,
        evidence=_evidence_of(content, door.now),
        refusal_code=_refusal(content, device, door),
    )
    return actions.submit(session, submission, incarnation=door.incarnation, at=door.now)


def _verified(code: codes.UnverifiedCode, device: Device) -> codes.Code:
    keys = keys_for(
        code.content.issued_at,
        public_key=device.public_key or "",
        previous_key=device.previous_key,
        rotated_at=device.rotated_at,
    )
    for key in keys[:-1]:
        try:
            return codes.verify(code, bytes.fromhex(key))
        except CodeForgedError:
            continue
    return codes.verify(code, bytes.fromhex(keys[-1]))


def _refusal(content: codes.Code, device: Device, door: _Door) -> str | None:
    is_good = accepts_codes_made_at(
        content.issued_at, revoked_at=device.revoked_at, reason=device.revoked_reason
    )
    if not is_good:
        return "device_revoked"
    found = freshness(content, now=door.now, windows=door.windows)
    return {Freshness.LATE: "code_expired", Freshness.EARLY: "code_early"}.get(found)


def _evidence_of(content: codes.Code, now: datetime) -> Evidence:
    kind, facts = _facts_of(content)
    return Evidence(
        kind=kind,
        code_key=codes.code_key(content),
        device_number=content.device,
        occurred_at=act_at(content, received_at=now),
        facts=facts,
    )


def _facts_of(content: codes.Code) -> tuple[str, dict[str, Fact]]:
    if isinstance(content, codes.SlotCode):
        return "slot", {"slot": content.slot, "seq": content.seq}
    if isinstance(content, codes.DepositCode):
        return "deposit", {
            "counter": content.counter,
            "material": content.material,
            "count": content.count,
            "mass_g": content.mass_g,
        }
    return "ticket", {
        "serial": content.serial,
        "mode": content.mode,
        "distance_m": content.distance_m,
        "started_at": content.started_at.isoformat(),
        "ended_at": content.ended_at.isoformat(),
    }
