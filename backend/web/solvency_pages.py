"""The public figure: are the points covered by money?"""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from backend.http.deps import ConfigDep, MaybeActor, Now, ReadSession, public
from backend.kernel.units import euro_text
from backend.payouts import queries
from backend.payouts.models import SolvencyDay
from backend.web.contexts import Curve, SolvencyLine, SolvencyPage
from backend.web.rendering import language_of, respond
from backend.web.treasury_lines import covered
from backend.web.worth import point_cents
from backend.workflows import close_day, solvency

router = APIRouter(include_in_schema=False)

SPAN = timedelta(days=90)
LEFT, RIGHT, TOP, BOTTOM = 90, 690, 20, 240
"""Box of the curve inside the picture of 700 × 280."""
TICKS = 4


@router.get("/solvabilite", dependencies=[public()])
def get_solvency(
    request: Request, actor: MaybeActor, session: ReadSession, clock: Now, config: ConfigDep
) -> Response:
    """Show what points are worth and what stands behind them, day by day."""
    today = clock.now().astimezone(close_day.ZONE).date()
    days = queries.solvency(session, since=today - SPAN)
    page = SolvencyPage(
        covered=covered(solvency.measure(session, config.rate_micro_cents_per_unit)),
        point_cents=euro_text(point_cents(config), language_of(request, actor)),
        curve=curve(days),
        lines=tuple(
            SolvencyLine(row.day, row.outstanding_units, row.liability_cents, row.reserve_cents)
            for row in reversed(days)
        ),
    )
    return respond(request, "solvency.html", page, actor=actor, section="solvency")


def curve(days: Sequence[SolvencyDay]) -> Curve | None:
    """Draw liability and reserve over the days; `None` with fewer than two of them."""
    if len(days) < 2:  # noqa: PLR2004 - a line needs two points
        return None
    top_cents = max(1, *(max(row.liability_cents, row.reserve_cents) for row in days))
    step_cents = _round_step(-(-top_cents // TICKS))
    first, last = days[0].day, days[-1].day
    span = (last - first).days

    def at(row: SolvencyDay, cents: int) -> str:
        x = LEFT + (row.day - first).days * (RIGHT - LEFT) // span
        return f"{x},{_height(cents, step_cents)}"

    return Curve(
        liability=" ".join(at(row, row.liability_cents) for row in days),
        reserve=" ".join(at(row, row.reserve_cents) for row in days),
        ticks=tuple(
            (_height(n * step_cents, step_cents), n * step_cents) for n in range(TICKS + 1)
        ),
        first=first,
        last=last,
    )


def _round_step(least_cents: int) -> int:
    """Return the next of 1, 2, 5, 10, 20 … euro: amounts that people read at a glance."""
    power = 100
    while power * 10 < least_cents:
        power *= 10
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least_cents)


def _height(cents: int, step_cents: int) -> int:
    drawn = max(0, cents)
    return BOTTOM - drawn * (BOTTOM - TOP) // (step_cents * TICKS)
