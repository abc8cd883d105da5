"""Trips and validations over HTTP: formats, bounds, whose they are, who signed."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from backend.db.engine import Database
from backend.devices import requests
from backend.http.bodies import MAX_BODY_BYTES
from tests.support import builders, rides, travel
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock

TRIPS = "/api/v1/trips"
VALIDATIONS = "/api/v1/operators/validations"


def send(
    client: TestClient, body: bytes, *, key: str = "key-00001", kind: str = "application/json"
) -> Response:
    headers = {"Idempotency-Key": key, "Content-Type": kind}
    return client.post(TRIPS, content=body, headers=headers)


def gpx(points: list[rides.Row]) -> bytes:
    def point(row: rides.Row) -> str:
        return f'<trkpt lat="{row[1]}" lon="{row[2]}"><time>{row[0]}</time></trkpt>'

    return f"<gpx><trk><trkseg>{''.join(map(point, points))}</trkseg></trk></gpx>".encode()


def test_a_trip_is_acknowledged_judged_and_shown(
    alice: TestClient, bob: TestClient, kiosk: Terminal, database: Database, clock: FrozenClock
) -> None:
    answer = send(alice, rides.ride(ended_at=clock.now()))
    assert (answer.status_code, answer.json()["state"]) == (202, "received")
    travel.judge(database, clock)
    travel.decide(database, clock)

    trip = alice.get(answer.headers["location"]).json()

    assert (trip["state"], trip["verdict"], trip["proof_level"]) == ("judged", "accepted", "P1")
    assert [leg["mode"] for leg in trip["legs"]] == ["bike"]
    assert trip["factors"][0]["source"] == "ADEME Impact CO2"
    assert alice.get(f"/api/v1/claims/{trip['id']}").json()["units"] == 20
    assert [one["id"] for one in alice.get(TRIPS).json()] == [trip["id"]]
    assert bob.get(answer.headers["location"]).status_code == 404
    assert bob.delete(f"{TRIPS}/{trip['id']}/map").status_code == 404
    assert alice.delete(f"{TRIPS}/{trip['id']}/map").status_code == 204
    assert travel.kept(database, trip["id"]).path == []


def test_a_repeated_post_is_the_same_trip(alice: TestClient, clock: FrozenClock) -> None:
    body = rides.ride(ended_at=clock.now())

    first, again = send(alice, body), send(alice, body)

    assert first.json()["id"] == again.json()["id"]
    other = rides.ride(ended_at=clock.now(), shift_s=-100)
    assert send(alice, other).json()["code"] == "trip_key_reused"


def test_gpx_and_geojson_are_taken_too(alice: TestClient, clock: FrozenClock) -> None:
    points = rides.rows(rides.BIKE, ended_at=clock.now())
    stamped = [
        [(clock.now() + timedelta(seconds=p[0] - points[-1][0])).isoformat(), *p[1:]]
        for p in points
    ]

    track = send(alice, gpx(stamped), kind="application/gpx+xml")

    assert track.status_code == 202, track.text


def bad(points: list[rides.Row], **change: Any) -> bytes:
    """Return the points with one value changed."""
    (column, value), *_ = change.items()
    at = {"t": 0, "lat": 1, "lon": 2}[column]
    changed = [list(row) for row in points]
    changed[3][at] = value
    return json.dumps({"points": changed}).encode()


def test_each_bound_has_an_error_of_its_own(alice: TestClient, clock: FrozenClock) -> None:
    points = rides.rows(rides.BIKE, ended_at=clock.now())
    far = rides.rows(rides.BIKE, ended_at=clock.now(), start=(48.85, 2.35))
    late = rides.rows(rides.BIKE, ended_at=clock.now() - timedelta(days=3))
    swapped = [[p[0], p[2], p[1], *p[3:]] for p in points]
    crossing = [[p[0], 43.3, 179.9 if n % 2 else -179.9] for n, p in enumerate(points)]
    bodies = {
        "trace_not_finite": bad(points, lat=float("nan")),
        "trace_compressed": gzip.compress(b"0" * 10_000_000),
        "trace_in_the_future": bad(points, t=clock.now().timestamp() + 3_600),
        "trace_out_of_range": bad(points, lon=181),
        "trace_swapped": json.dumps({"points": swapped}).encode(),
        "trace_outside_area": json.dumps({"points": far}).encode(),
        "trace_crosses_antimeridian": json.dumps({"points": crossing}).encode(),
        "trace_too_long": json.dumps({"points": [[1, 2, 3]] * 50_001}).encode(),
        "trace_too_large": b"{" + b" " * 12_000_001,
        "trace_with_dtd": b'<!DOCTYPE gpx [<!ENTITY a "aaaa">]><gpx/>',
        "trip_late": json.dumps({"points": late}).encode(),
        "body_too_large": b" " * (MAX_BODY_BYTES + 1),
    }

    codes = {name: send(alice, body).json()["code"] for name, body in bodies.items()}

    assert codes == {name: name for name in bodies}
    assert alice.get(TRIPS).json() == []


def test_a_stranger_hands_in_nothing(stranger: TestClient, clock: FrozenClock) -> None:
    assert send(stranger, rides.ride(ended_at=clock.now())).status_code == 401


@pytest.fixture
def operator(database: Database, clock: FrozenClock, kiosk: Terminal) -> Terminal:
    """An operator; the edition and the incarnation come with the kiosk."""
    return builders.make_operator(database, clock)


@pytest.fixture
def holder(alice: TestClient, database: Database) -> str:
    """The word that Alice gave the operator, made on her page."""
    token = alice.get("/trajets").text.partition('name="form_token" value="')[2].partition('"')[0]
    answer = alice.post("/trajets/liaison", data={"form_token": token}, follow_redirects=False)
    assert answer.status_code == 303
    word = alice.get("/trajets").text.partition('id="link-code">')[2].partition("<")[0]
    assert len(word) == 16
    return word


def signed(
    client: TestClient, device: Terminal, clock: FrozenClock, path: str, body: bytes, **headers: str
) -> Response:
    header = requests.sign(
        device.key, device=device.number, method="POST", path=path, body=body, at=clock.now()
    )
    return client.post(path, content=body, headers={"Authorization": header, **headers})


def listed(holder: str, clock: FrozenClock, **changes: Any) -> bytes:
    facts = {
        "holder": holder,
        "serial": "V-1",
        "mode": "metro",
        "distance_m": 4_200,
        "started_at": (clock.now() - timedelta(minutes=30)).isoformat(),
        "ended_at": (clock.now() - timedelta(minutes=15)).isoformat(),
    }
    return json.dumps({"validations": [facts | changes]}).encode()


def test_an_operator_reports_validations_and_hears_about_each(
    stranger: TestClient,
    alice: TestClient,
    operator: Terminal,
    holder: str,
    database: Database,
    clock: FrozenClock,
) -> None:
    body = listed(holder, clock)

    dry = signed(stranger, operator, clock, f"{VALIDATIONS}?dry_run=true", body).json()
    first = signed(stranger, operator, clock, VALIDATIONS, body).json()
    again = signed(stranger, operator, clock, VALIDATIONS, body).json()

    counts = {"taken": 0, "known": 0, "holder_unknown": 0, "refused": 0}
    assert (dry["is_dry_run"], dry["counts"]) == (True, counts | {"taken": 1})
    assert first["counts"] == counts | {"taken": 1}
    assert again["counts"] == counts | {"known": 1}
    travel.decide(database, clock)
    claim = alice.get(f"/api/v1/claims/{first['lines'][0]['claim_id']}").json()
    assert (claim["state"], claim["units"]) == ("accepted", 50)


def test_a_csv_is_reported_line_by_line(
    stranger: TestClient, operator: Terminal, holder: str, clock: FrozenClock
) -> None:
    start, end = (clock.now() - timedelta(minutes=m) for m in (30, 15))
    head = "holder;serial;mode;distance_m;started_at;ended_at"
    rows = [
        f"{holder};V-1;bus;3000;{start.isoformat()};{end.isoformat()}",
        f"{holder};V-2;bus;far;{start.isoformat()};{end.isoformat()}",
        f"nobody;V-3;bus;3000;{start.isoformat()};{end.isoformat()}",
    ]
    body = "\n".join([head, *rows]).encode()

    answer = signed(
        stranger, operator, clock, VALIDATIONS, body, **{"Content-Type": "text/csv"}
    ).json()

    assert [line["outcome"] for line in answer["lines"]] == ["taken", "refused", "holder_unknown"]


def test_only_an_operator_who_signed_this_very_list_is_heard(
    stranger: TestClient, operator: Terminal, kiosk: Terminal, holder: str, clock: FrozenClock
) -> None:
    body = listed(holder, clock)
    header = requests.sign(
        operator.key,
        device=operator.number,
        method="POST",
        path=VALIDATIONS,
        body=body,
        at=clock.now(),
    )
    changed = body.replace(b"4200", b"9200")

    unsigned = stranger.post(VALIDATIONS, content=body)
    forged = stranger.post(VALIDATIONS, content=changed, headers={"Authorization": header})
    kiosk_list = signed(stranger, kiosk, clock, VALIDATIONS, body)
    broken = signed(stranger, operator, clock, VALIDATIONS, b'{"validations": [{}]}')

    for answer in (unsigned, forged, kiosk_list):
        assert answer.json()["code"] == "device_request_refused"
    assert (broken.status_code, broken.json()["code"]) == (422, "validations_invalid")


def test_a_partner_hands_in_the_trip_of_a_rider(
    stranger: TestClient, alice: TestClient, operator: Terminal, holder: str, clock: FrozenClock
) -> None:
    body = rides.ride(ended_at=clock.now())
    key = {"Idempotency-Key": "partner-0001"}

    path = f"/api/v1/operators/trips?holder={holder}"
    answer = signed(stranger, operator, clock, path, body, **key)
    nobody = signed(stranger, operator, clock, path[:-1], body, **key)

    assert (answer.status_code, answer.json()["source"]) == (202, "partner")
    assert [trip["id"] for trip in alice.get(TRIPS).json()] == [answer.json()["id"]]
    assert nobody.status_code == 404
