"""Admit a group of claims that share one commit: read codes, check signatures, store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.actions.errors import CodeOfCardError, DeviceUnknownError, PositionNeededError
from backend.actions.models import Claim
from backend.actions.rules import Evidence
from backend.actions.verifiers import sticker
from backend.cards import queries as card_queries
from backend.cards.errors import CardUnknownError
from backend.cards.queries import Holder, Shown
from backend.devices import codes
from backend.devices import queries as device_queries
from backend.devices.errors import CodeMalformedError
from backend.devices.models import Device
from backend.devices.queries import verified
from backend.devices.rules import (
    Freshness,
    Windows,
    accepts_codes_made_at,
    freshness,
    normalise_short,
)
from backend.devices.witnesses import FELT_AFTER
from backend.kernel.canonical import canonical_json, sha256_hex
from backend.kernel.errors import EcoError, UnavailableError
from backend.territory import queries as territory_queries
from backend.territory.geo import Position, distance_m
from backend.workflows.code_evidence import evidence_of


@dataclass(frozen=True)
class Whereabouts:
    """Where a phone says it is; only its distance to the sticker is kept.

    Attributes:
        accuracy_m: Radius that holds the true place with 68 % (W3C Geolocation).
    """

    position: Position
    accuracy_m: int


@dataclass(frozen=True)
class ClaimRequest:
    """What a client sends.

    Attributes:
        account_id: Who claims; an anonymous citizen has one too. `None` when the code
            itself names the holder of a card.
        idempotency_key: Made by the client, 8 to 64 characters.
        code: The URL or bare code that was scanned.
        whereabouts: Where the phone is; needed for a sticker only.
    """

    account_id: str | None
    idempotency_key: str
    code: str
    whereabouts: Whereabouts | None = None


Answer = Claim | EcoError

AWAITED = FELT_AFTER + timedelta(seconds=10)
"""How long the verdict on a sticker waits for the sensor of its container: the latest
message that can pair, and its way over a slow radio network."""


@dataclass(frozen=True)
class _Door:
    """What the group needs of the database besides its devices, read once.

    Attributes:
        holders: Who the cards inside the codes stood for.
        places: Positions of the stations with a scanned sticker.
        felt: Stations of those that have a sensor.
    """

    incarnation: int
    now: datetime
    windows: Windows
    holders: Mapping[Shown, Holder | EcoError] = field(default_factory=dict)
    places: Mapping[str, Position] = field(default_factory=dict)
    felt: frozenset[str] = frozenset()


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
    short_tokens = _expand_short(session, requests, now)
    read = [_read(request, short_tokens) for request in requests]
    contents = [code.content for code in read if not isinstance(code, EcoError)]
    devices = device_queries.by_numbers(session, {content.device for content in contents})
    door = _open_door(session, contents, devices, _Door(incarnation, now, Windows()))
    answers: dict[int, Answer] = {}
    # Groups of several processes that hold the same codes in different orders would wait for
    # each other for ever: all of them take codes in one order.
    for place in sorted(range(len(requests)), key=lambda i: _place_in_line(requests[i], read[i])):
        answers[place] = _admit_one(session, requests[place], read[place], devices, door)
    return [answers[place] for place in range(len(requests))]


def _place_in_line(
    request: ClaimRequest, code: codes.UnverifiedCode | EcoError
) -> tuple[str, str, str]:
    token = "" if isinstance(code, EcoError) else f"{code.content!r}"
    return token, request.account_id or "", request.idempotency_key


def _open_door(
    session: Session,
    contents: Sequence[codes.Code],
    devices: Mapping[int, Device],
    door: _Door,
) -> _Door:
    """Look up what stickers and cards need; kiosks and bins, the most of all, need nothing."""
    shown = [Shown(c.card_ref, c.issued_at) for c in contents if isinstance(c, codes.AttendedCode)]
    if shown:
        door = replace(door, holders=card_queries.holders(session, shown))
    numbers = {c.device for c in contents if isinstance(c, codes.StickerCode)} & devices.keys()
    station_ids = [devices[number].station_id or "" for number in numbers]
    if not station_ids:
        return door
    stations = territory_queries.stations_of(session, station_ids)
    return replace(
        door,
        places={
            station_id: Position(station.latitude_e6, station.longitude_e6)
            for station_id, station in stations.items()
        },
        felt=frozenset(device_queries.stations_with_sensors(session, station_ids)),
    )


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
        content = verified(code, device)
    except EcoError as error:
        return error
    account_id = _claimant(request, content, door)
    if isinstance(account_id, EcoError):
        return account_id
    evidence = _evidence(request, content, device, account_id, door)
    if isinstance(evidence, EcoError):
        return evidence
    is_awaited = isinstance(content, codes.StickerCode) and device.station_id in door.felt
    submission = actions.Submission(
        account_id=account_id,
        idempotency_key=request.idempotency_key,
        body_hash=sha256_hex(canonical_json({"code": request.code})),
        code=request.code,
        evidence=evidence,
        refusal_code=_refusal(content, device, door),
        taken_code="serial_already_used" if evidence.kind == "item" else "code_already_used",
        decide_after=door.now + AWAITED if is_awaited else None,
    )
    return actions.submit(session, submission, incarnation=door.incarnation, at=door.now)


def _claimant(request: ClaimRequest, content: codes.Code, door: _Door) -> str | EcoError:
    """Return whose act it is: of who sends it, or of the card that the agent scanned."""
    if not isinstance(content, codes.AttendedCode):
        return request.account_id or CodeMalformedError("it does not say whose it is")
    if request.account_id is not None:
        return CodeOfCardError()
    holder = door.holders.get(Shown(content.card_ref, content.issued_at), CardUnknownError())
    return holder if isinstance(holder, EcoError) else holder.account_id


def _evidence(
    request: ClaimRequest, content: codes.Code, device: Device, account_id: str, door: _Door
) -> Evidence | EcoError:
    if isinstance(content, codes.SensorCode):
        return CodeMalformedError("it is a sensor's message and earns nothing by itself")
    evidence = evidence_of(content, received_at=door.now)
    if not isinstance(content, codes.StickerCode):
        return evidence
    place = door.places.get(device.station_id or "")
    if request.whereabouts is None or place is None:
        return PositionNeededError()
    away_m = distance_m(request.whereabouts.position, place)
    accuracy_m = request.whereabouts.accuracy_m
    is_near = sticker.is_near_enough(away_m, accuracy_m)
    return replace(
        evidence,
        code_key=sticker.claim_key(content.device, account_id, door.now, is_near=is_near),
        # The distance is all that the verdict needs; where the phone was is nobody's business.
        facts={"away_m": away_m, "accuracy_m": accuracy_m},
    )


def _refusal(content: codes.Code, device: Device, door: _Door) -> str | None:
    is_good = accepts_codes_made_at(
        content.issued_at, revoked_at=device.revoked_at, reason=device.revoked_reason
    )
    if not is_good:
        return "device_revoked"
    found = freshness(content, now=door.now, windows=door.windows)
    return {Freshness.LATE: "code_expired", Freshness.EARLY: "code_early"}.get(found)
