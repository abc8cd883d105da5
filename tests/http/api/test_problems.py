"""What holds for every route: who gets in, how errors look, which headers go out."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

METHODS = ("get", "post", "put", "patch", "delete")
UNSAFE = ("post", "put", "patch", "delete")


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (method, path, description) of every documented route of the API."""
    paths = app.openapi()["paths"]
    return [
        (method, path, paths[path][method])
        for path in paths
        for method in METHODS
        if method in paths[path] and path.startswith("/api/")
    ]


def call(client: TestClient, method: str, path: str, **more: Any) -> Response:
    filled = path.replace("{number}", "1")
    while "{" in filled:
        start, end = filled.index("{"), filled.index("}")
        filled = filled[:start] + "unknown" + filled[end + 1 :]
    return client.request(method, filled, **more)


def is_problem(response: Response) -> bool:
    return (
        response.headers.get("content-type") == "application/problem+json"
        and response.json()["status"] == response.status_code
    )


def test_a_stranger_gets_nothing_but_what_is_public(app: FastAPI, stranger: TestClient) -> None:
    public = {
        ("get", "/api/v1/rules"),
        ("get", "/api/v1/rules/current"),
        ("post", "/api/v1/sessions"),
        ("post", "/api/v1/sessions/codes"),
        ("post", "/api/v1/sessions/redeem"),
        ("get", "/api/v1/stations"),
        ("get", "/api/v1/solvency"),
    }

    def is_open(method: str, path: str) -> bool:
        stranger.cookies.clear()  # Opening a session is public, and would end the stranger.
        return call(stranger, method, path).status_code not in (401, 403)

    open_routes = {
        (method, path)
        for method, path, _ in operations(app)
        if "/devices" not in path and is_open(method, path)
    }

    assert open_routes <= public, open_routes - public


def test_the_refusal_of_a_stranger_is_a_problem(stranger: TestClient) -> None:
    answer = stranger.get("/api/v1/me")

    assert is_problem(answer)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")


def test_an_invented_session_is_no_session(app: FastAPI, stranger: TestClient) -> None:
    liar = TestClient(app, base_url="http://127.0.0.1:8000", cookies={"calanque": "x" * 43})

    assert liar.get("/api/v1/me").status_code == 401


def test_staff_without_the_role_are_told_which_one_is_missing(admin: TestClient) -> None:
    answers = {
        "draft_rules": admin.post("/api/v1/rules", json={"source_text": "x"}),
        "approve_rules": admin.post("/api/v1/rules/1/approve"),
        "run_shop": admin.get("/api/v1/merchants/mine"),
    }

    for permission, answer in answers.items():
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
        assert answer.json()["facts"]["permission"] == permission


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
    ],
)
def test_no_unsafe_request_of_another_site_gets_in(
    app: FastAPI, alice: TestClient, headers: dict[str, str]
) -> None:
    unsafe = [(m, p) for m, p, _ in operations(app) if m in UNSAFE]
    assert len(unsafe) > 10

    let_in = [
        (method, path)
        for method, path in unsafe
        if call(alice, method, path, headers=headers).json().get("code") != "cross_site_request"
    ]

    assert let_in == []


def test_the_own_page_and_programs_get_in(alice: TestClient) -> None:
    same = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"}

    for headers in (same, {"Origin": "http://127.0.0.1:8000"}, {}):
        answer = alice.post("/api/v1/payments/unknown/accept", headers=headers)
        assert answer.json()["code"] == "payment_not_found"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/v1/nowhere", 404),
        ("put", "/api/v1/claims", 405),
        ("get", "/api/v1/me", 401),
    ],
)
def test_every_error_is_a_problem(
    stranger: TestClient, method: str, path: str, status: int
) -> None:
    answer = stranger.request(method, path)

    assert answer.status_code == status
    assert is_problem(answer), answer.text


def test_a_wrong_method_names_the_right_ones(stranger: TestClient) -> None:
    assert "POST" in stranger.put("/api/v1/claims").headers["allow"]


def test_a_bug_tells_its_id_and_nothing_else(app: FastAPI, stranger: TestClient) -> None:
    def crash() -> None:
        raise ZeroDivisionError("the secret is swordfish")

    app.add_api_route("/api/v1/crash", crash)

    answer = stranger.get("/api/v1/crash")

    assert answer.status_code == 500
    assert is_problem(answer)
    assert "swordfish" not in answer.text
    assert answer.json()["correlation_id"]


@pytest.mark.parametrize("path", ["/", "/api/v1/me", "/health/live", "/api/v1/nowhere"])
def test_every_answer_carries_the_security_headers(stranger: TestClient, path: str) -> None:
    headers = stranger.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert "'unsafe-inline'" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"


def test_the_session_cookie_is_out_of_reach_of_scripts(stranger: TestClient) -> None:
    cookie = stranger.post("/api/v1/sessions").headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(app: FastAPI) -> None:
    with TestClient(app, base_url="https://calanque.example") as client:
        cookie = client.post("/api/v1/sessions").headers["set-cookie"]

    assert cookie.startswith("__Host-")
    assert "secure" in cookie.lower()


def test_openapi_documents_the_problem_of_every_route(app: FastAPI) -> None:
    undocumented = [
        f"{method} {path}"
        for method, path, operation in operations(app)
        if "Problem" not in str(operation["responses"].get("default"))
    ]

    assert undocumented == []
    assert "Problem" in app.openapi()["components"]["schemas"]
