"""Devices: what terminals call with their signature, and what staff do with them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.actions import queries as action_queries
from backend.devices import queries, requests, service
from backend.devices.errors import (
    CodeForgedError,
    CodeMalformedError,
    DeviceNotActiveError,
    DeviceRequestRefusedError,
)
from backend.devices.models import Device
from backend.devices.rules import DeviceKind, DeviceState, RevocationReason
from backend.devices.service import NewDevice
from backend.http.bodies import bounded_body
from backend.http.deps import (
    ConfigDep,
    DatabaseDep,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.territory import queries as territory

router = APIRouter(tags=["devices"])


class EnrolmentCreate(BaseModel):
    """A terminal's first words."""

    code: str = Field(min_length=8, max_length=40, description="One-time code, from staff.")
    public_key: str = Field(
        pattern="^[0-9a-fA-F]{64}$", description="Ed25519 public key, 64 hex digits."
    )


class EnrolmentPublic(BaseModel):
    """Who the terminal is."""

    number: int
    kind: str
    name: str
    station_name: str
    commune_name: str
    materials: list[str]
    capacity_per_slot: int = Field(description="Most slot codes within 30 s.")
    public_url: str = Field(description="Start of the links in its QR codes.")


class Heartbeat(BaseModel):
    """A terminal's sign of life."""

    software: str = Field(default="", max_length=80)
    clock_skew_s: int = Field(
        default=0, ge=-(2**31), lt=2**31, description="Its raw clock minus ours. Unit: seconds."
    )
    tokens: list[Annotated[str, Field(max_length=400)]] = Field(
        default=[], max_length=8, description="Slot codes about to be shown."
    )


class HeartbeatPublic(BaseModel):
    """What a terminal hears back."""

    state: str
    server_time: datetime


class SlotUsePublic(BaseModel):
    """How far a slot is used."""

    slot: int
    used_seq: int = Field(description="Highest used code of the slot, -1 for none.")


class KeyRotation(BaseModel):
    """A terminal's next key, in a request signed with the current one."""

    public_key: str = Field(pattern="^[0-9a-fA-F]{64}$")


class DeviceCreate(BaseModel):
    """A device that is to come."""

    kind: DeviceKind
    name: str = Field(min_length=1, max_length=80)
    station_id: str | None = None
    material: str | None = None
    number: int | None = Field(default=None, ge=1, lt=2**32)
    capacity_per_slot: int = Field(default=6, ge=1, le=60)


class DevicePublic(BaseModel):
    """A device as staff see it."""

    number: int
    kind: str
    name: str
    station_id: str | None
    state: str
    public_key: str | None
    enrolled_at: datetime | None
    last_contact_at: datetime | None
    clock_skew_s: int
    counter_high: int
    software: str | None
    revoked_at: datetime | None
    revoked_reason: str | None


class DevicePending(DevicePublic):
    """A device just announced, with the code that is shown once."""

    enrolment_code: str
    enrolment_expires_at: datetime | None


class Revocation(BaseModel):
    """Why a device goes."""

    reason: RevocationReason = Field(
        description="retired: its earlier codes stay good; compromised: none does."
    )


@dataclass(frozen=True)
class Caller:
    """The terminal that signed the request, and how far its signed time is off ours."""

    number: int
    skew_s: int


def caller(
    request: Request,
    body: Annotated[bytes, Depends(bounded_body)],
    database: DatabaseDep,
    clock: Now,
) -> Caller:
    """Return the active device that signed this very request.

    Raises:
        DeviceRequestRefusedError: No signature, or not of this request, or of no device.
        DeviceNotActiveError: The device is pending or revoked.
    """
    signed = requests.read(request.headers.get("authorization"))
    with database.reading() as session:
        device = queries.by_number(session, signed.device)
        if device is None or device.public_key is None:
            raise DeviceRequestRefusedError("the device is unknown")
        query = request.url.query
        skew_s = requests.verify(
            signed,
            bytes.fromhex(device.public_key),
            method=request.method,
            path=request.url.path + (f"?{query}" if query else ""),
            body=body,
            now=clock.now(),
        )
        # After the signature, so that a stranger learns nothing about a device's state.
        if device.state != DeviceState.ACTIVE:
            raise DeviceNotActiveError(device.number, device.state)
        return Caller(device.number, skew_s)


CallerDep = Annotated[Caller, Depends(caller)]


@router.post("/devices/enrol", dependencies=[public()], summary="Enrol with a one-time code")
def post_enrol(
    body: EnrolmentCreate, session: WriteSession, clock: Now, config: ConfigDep
) -> EnrolmentPublic:
    """Tie a terminal's key to the device that staff announced."""
    device = service.enrol(session, body.code, body.public_key, now=clock.now())
    station_name, commune_name, materials = _place(session, device)
    return EnrolmentPublic(
        number=device.number,
        kind=device.kind,
        name=device.name,
        station_name=station_name,
        commune_name=commune_name,
        materials=[device.material] if device.material else list(materials),
        capacity_per_slot=device.capacity_per_slot,
        public_url=config.public_url,
    )


@router.post("/devices/heartbeat", dependencies=[public()], summary="Tell that a terminal lives")
def post_heartbeat(
    body: Heartbeat, caller: CallerDep, session: WriteSession, clock: Now
) -> HeartbeatPublic:
    """Record contact and clock; the announced slot codes can then be typed by hand."""
    device, now = queries.need(session, caller.number), clock.now()
    try:
        service.hear(
            session,
            device,
            now=now,
            # It signs with a time corrected by ours; what it says of its raw clock counts.
            clock_skew_s=body.clock_skew_s or caller.skew_s,
            software=body.software or None,
            tokens=tuple(body.tokens),
        )
    except (CodeForgedError, CodeMalformedError) as error:
        raise DeviceRequestRefusedError("it announces codes that are not its own") from error
    return HeartbeatPublic(state=device.state, server_time=now)


@router.get(
    "/devices/{number}/slot-use", dependencies=[public()], summary="See how far a slot is used"
)
def get_slot_use(
    number: int,
    slot: Annotated[int, Query(ge=0, lt=2**31)],
    caller: CallerDep,
    session: ReadSession,
) -> SlotUsePublic:
    """Return the highest used code of a slot, so that the kiosk shows the next one."""
    if number != caller.number:
        raise DeviceRequestRefusedError("it asks for another device")
    taken = action_queries.highest_slot_use(session, f"slot:{number}:{slot}:")
    used = [int(code.rpartition(":")[2]) for code in taken]
    return SlotUsePublic(slot=slot, used_seq=max(used, default=-1))


@router.post("/devices/rotate", dependencies=[public()], summary="Take a new key")
def post_rotate(
    body: KeyRotation, caller: CallerDep, session: WriteSession, clock: Now
) -> HeartbeatPublic:
    """Replace the terminal's key; the former one stays good for codes made before."""
    device = service.rotate(session, caller.number, body.public_key, now=clock.now())
    return HeartbeatPublic(state=device.state, server_time=clock.now())


@router.get("/devices", summary="List devices with their health")
def get_devices(
    session: ReadSession, actor: Annotated[Actor, requires(Permission.MANAGE_DEVICES)]
) -> list[DevicePublic]:
    """Return all devices by number."""
    del actor
    return [_public(device) for device in queries.all_devices(session)]


@router.post("/devices", status_code=status.HTTP_201_CREATED, summary="Announce a device")
def post_device(
    body: DeviceCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.MANAGE_DEVICES)],
) -> DevicePending:
    """Create a pending device; its enrolment code is shown this once."""
    del actor
    if body.station_id is not None:
        territory.station(session, body.station_id)
    device, code = service.create_pending(session, NewDevice(**body.model_dump()), now=clock.now())
    return DevicePending(
        **_public(device).model_dump(),
        enrolment_code=code,
        enrolment_expires_at=device.enrolment_expires_at,
    )


@router.post("/devices/{number}/revoke", summary="Revoke a device for ever")
def post_revoke(
    number: int,
    body: Revocation,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.MANAGE_DEVICES)],
) -> DevicePublic:
    """Refuse the device's codes from now on."""
    del actor
    return _public(service.revoke(session, number, reason=body.reason, now=clock.now()))


def _place(session: Session, device: Device) -> tuple[str, str, tuple[str, ...]]:
    if device.station_id is None:
        return device.name, "", ()
    view = territory.station(session, device.station_id)
    commune = territory.commune(session, view.station.commune_code)
    return view.station.name, commune.name if commune else "", view.materials


def _public(device: Device) -> DevicePublic:
    return DevicePublic.model_validate(device, from_attributes=True)
