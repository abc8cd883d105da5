"""Figures for a Prometheus on the same machine."""

import ipaddress

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from backend.http.deps import Now, ReadSession, public
from backend.http.metrics import MeasuresCollector
from backend.kernel.errors import NotFoundError
from backend.workflows.measure import measure

router = APIRouter(tags=["health"])


@router.get("/metrics", dependencies=[public()], summary="How much work waits")
def get_metrics(request: Request, session: ReadSession, clock: Now) -> Response:
    """Answer programs on this machine; to the rest of the world there is no such page."""
    if not _is_from_here(request):
        raise NotFoundError("page", "/metrics")
    registry = CollectorRegistry()
    registry.register(MeasuresCollector(lambda: measure(session, now=clock.now())))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _is_from_here(request: Request) -> bool:
    # A reverse proxy on this machine names the caller in this header.
    if request.client is None or "x-forwarded-for" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
