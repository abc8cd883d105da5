"""Operators: ticket validations and trips of riders, in requests that a device key signs."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, status
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from backend.api.devices import Caller, CallerDep
from backend.api.trips import TripPublic, public_trip
from backend.devices import queries as device_queries
from backend.devices.errors import DeviceRequestRefusedError
from backend.devices.rules import DeviceKind
from backend.http.bodies import bounded_body
from backend.http.deps import ConfigDep, DatabaseDep, Now, public
from backend.kernel.errors import InvalidInputError, NotFoundError
from backend.mobility.trace import area_of
from backend.trips import queries
from backend.trips.rules import TripSource
from backend.workflows import admit_trip, admit_validations, validation_files
from backend.workflows.admit_validations import MAX_VALIDATIONS, Line, Outcome, Validation

router = APIRouter(tags=["operators"])


class ValidationCreate(BaseModel):
    """One trip as the operator has it."""

    holder: str = Field(max_length=40, description="Word that the rider gave the operator.")
    serial: str = Field(max_length=40, description="Never repeats at this operator.")
    mode: str = Field(max_length=20, description="bus, metro, tram, rail, ferry, bike_share…")
    distance_m: int = Field(description="Length of the trip. Unit: metres.")
    started_at: AwareDatetime
    ended_at: AwareDatetime


class ValidationList(BaseModel):
    """What an operator reports at once."""

    validations: list[ValidationCreate] = Field(max_length=MAX_VALIDATIONS)


class LinePublic(BaseModel):
    """What became of one line."""

    number: int = Field(description="Position in the list, from 1.")
    serial: str
    outcome: str = Field(description="taken, known, holder_unknown or refused.")
    problem: str = ""
    claim_id: str | None = None


class ReportPublic(BaseModel):
    """What became of a list."""

    is_dry_run: bool
    counts: dict[str, int] = Field(description="Lines per outcome.")
    lines: list[LinePublic]


def operator(caller: CallerDep, database: DatabaseDep) -> Caller:
    """Return the operator that signed the request.

    Raises:
        DeviceRequestRefusedError: The device is no operator.
    """
    with database.reading() as session:
        if device_queries.need(session, caller.number).kind != DeviceKind.OPERATOR:
            raise DeviceRequestRefusedError("the device is no operator")
    return caller


OperatorDep = Annotated[Caller, Depends(operator)]
Body = Annotated[bytes, Depends(bounded_body)]


@router.post(
    "/operators/validations",
    dependencies=[public()],
    summary="Report ticket validations, as JSON or CSV (signed)",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": ValidationList.model_json_schema()},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    },
)
def post_validations(
    request: Request,
    body: Body,
    caller: OperatorDep,
    database: DatabaseDep,
    clock: Now,
    dry_run: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
) -> ReportPublic:
    """Store one claim per new line and report on each; sending a list again changes nothing."""
    is_csv = request.headers.get("content-type", "").startswith("text/csv")
    rows = validation_files.read_csv(body) if is_csv else _rows(body)
    with database.transaction() as session:
        lines = admit_validations.admit(
            session, caller.number, rows, now=clock.now(), is_dry_run=dry_run
        )
    return ReportPublic(
        is_dry_run=dry_run, counts=counts(lines), lines=[_line(one) for one in lines]
    )


@router.post(
    "/operators/trips",
    dependencies=[public()],
    status_code=status.HTTP_202_ACCEPTED,
    summary="Hand in a trip that a partner recorded for a rider (signed)",
)
def post_partner_trip(
    body: Body,
    caller: OperatorDep,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    holder: Annotated[str, Query(max_length=40)],
    idempotency_key: Annotated[str, Header(min_length=8, max_length=64)],
) -> TripPublic:
    """Store a trip; the partner's signature makes a proved ride P2."""
    with database.reading() as session:
        account_id = queries.account_of_link(session, holder)
    if account_id is None:
        raise NotFoundError("holder", holder)
    sender = admit_trip.Sender(account_id, idempotency_key, TripSource.PARTNER, caller.number)
    new = admit_trip.read(body, sender, area=area_of(config.trip_area), now=clock.now())
    with database.transaction() as session:
        return public_trip(admit_trip.admit(session, new, now=clock.now()))


def counts(lines: list[Line]) -> dict[str, int]:
    """Return outcome → number of lines, every outcome named."""
    return {outcome.value: sum(line.outcome == outcome for line in lines) for outcome in Outcome}


def _rows(body: bytes) -> list[Validation | str]:
    try:
        listed = ValidationList.model_validate_json(body)
    except ValidationError as error:
        problems = [
            {"path": ".".join(map(str, item["loc"])), "problem": item["msg"], "example": ""}
            for item in error.errors()[:20]
        ]
        raise InvalidInputError(
            "validations_invalid", "The list does not fit; `errors` says where.", errors=problems
        ) from error
    return [Validation(**one.model_dump()) for one in listed.validations]


def _line(line: Line) -> LinePublic:
    facts: dict[str, Any] = asdict(line)
    return LinePublic(**facts)
