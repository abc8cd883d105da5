from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend.accounts.rules import PERMISSIONS, Permission
from backend.app import create_app
from backend.settings import Settings

UNDECLARED = "undeclared"


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[APIRoute]:
    path = tmp_path_factory.mktemp("routes") / "unused.db"
    app = create_app(Settings(database_url=f"sqlite:///{path}", is_demo=True))
    return [route for route in app.routes if isinstance(route, APIRoute)]


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


def test_each_api_route_has_a_summary_and_lives_under_the_version(routes: list[APIRoute]) -> None:
    api = [route for route in routes if route.endpoint.__module__.startswith("backend.api")]

    assert not [route.path for route in api if not (route.summary or route.endpoint.__doc__)]
    outside = [route.path for route in api if not route.path.startswith("/api/v1")]
    assert outside in ([], ["/health"])
