from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from backend.accounts.rules import PERMISSIONS, Permission
from backend.app import create_app
from backend.settings import Settings

UNDECLARED = "undeclared"


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> list[RouteContext]:
    path = tmp_path_factory.mktemp("routes") / "unused.db"
    app = create_app(Settings(database_url=f"sqlite:///{path}", is_demo=True))
    # Included routers are resolved on demand, so `app.routes` alone shows none of their routes.
    return list(iter_route_contexts(app.routes))


@pytest.fixture(scope="module")
def routes(contexts: list[RouteContext]) -> list[APIRoute]:
    found = (context.original_route for context in contexts)
    return [route for route in found if isinstance(route, APIRoute)]


def _declarations(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        declared = getattr(inner.call, "permission", UNDECLARED)
        if declared != UNDECLARED:
            yield declared
        yield from _declarations(inner)


def test_each_route_declares_exactly_one_permission(routes: list[APIRoute]) -> None:
    wrong = [
        f"{sorted(route.methods or ())} {route.path}: {declared}"
        for route in routes
        if len(declared := list(_declarations(route.dependant))) != 1
    ]

    assert len(routes) > 20
    assert not wrong, "\n".join(wrong)


def test_each_permission_is_granted_to_somebody() -> None:
    granted = {permission for role in PERMISSIONS.values() for permission in role}

    assert granted == set(Permission)


def test_each_api_route_has_a_summary_and_lives_under_the_version(
    contexts: list[RouteContext],
) -> None:
    api = [
        context
        for context in contexts
        if isinstance(context.original_route, APIRoute)
        and context.endpoint.__module__.startswith("backend.api")
    ]
    outside = {c.path for c in api if c.path and not c.path.startswith("/api/v1")}

    assert len(api) > 20
    assert not [c.path for c in api if not c.endpoint.__doc__]
    assert outside <= {"/health/live", "/health/ready", "/metrics"}
