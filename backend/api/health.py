"""Is the process alive, and can it do its work?"""

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from backend.actions import queries
from backend.api import metrics
from backend.http.deps import ReadSession, public
from backend.kernel.errors import UnavailableError

router = APIRouter(tags=["health"])
router.include_router(metrics.router)


class Health(BaseModel):
    """A short answer for a load balancer."""

    status: str


@router.get("/health/live", dependencies=[public()], summary="Is the process alive?")
def get_live() -> Health:
    """Answer as long as the process runs."""
    return Health(status="live")


@router.get("/health/ready", dependencies=[public()], summary="Can it take claims?")
def get_ready(session: ReadSession) -> Health:
    """Answer 503 while the database is away or no incarnation is open."""
    session.execute(text("SELECT 1"))
    if queries.current_incarnation(session) is None:
        raise UnavailableError("issuance", "The chain has not handed out an incarnation yet.")
    return Health(status="ready")
