"""Forecasts of drafts as pages show them: totals, months, places, budgets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.http.deps import Config
from backend.rulebook.models import Forecast
from backend.web import texts
from backend.web.contexts import BudgetUse, ForecastView, GroupCost
from backend.web.worth import worth_cents

MAX_AREAS = 8
"""The communes that change most; the API has them all."""

Figures = Mapping[str, Any]


def view_of(forecast: Forecast, config: Config) -> ForecastView:
    """Return what a page shows of a forecast, the figures once it is done."""
    result = forecast.result
    if forecast.state != "done" or result is None:
        return ForecastView(forecast.state, progress_percent=forecast.progress_percent)
    before, after = result["before"]["units"], result["after"]["units"]
    people = result["people"]
    return ForecastView(
        state=forecast.state,
        progress_percent=100,
        basis=forecast.basis,
        acts=forecast.acts,
        before_units=before,
        after_units=after,
        delta_cents=worth_cents(after - before, config),
        gaining=people["gaining"],
        losing=people["losing"],
        same=people["same"],
        months=tuple(_group(name, row) for name, row in sorted(result["by_month"].items())),
        subjects=tuple(
            _group(_subject_key(name), row)
            for name, row in sorted(result["by_subject"].items())
            if row["before_units"] != row["after_units"]
        ),
        areas=_areas(result["by_area"]),
        budgets=tuple(_budget(row) for row in result["after"]["budgets"]),
    )


def _areas(rows: list[Figures]) -> tuple[GroupCost, ...]:
    changed = [row for row in rows if row["before_units"] != row["after_units"]]
    changed.sort(key=lambda row: -abs(row["after_units"] - row["before_units"]))
    return tuple(_group(row["name"], row) for row in changed[:MAX_AREAS])


def _group(name: str, row: Figures) -> GroupCost:
    return GroupCost(name, row["before_units"], row["after_units"])


def _subject_key(name: str) -> str:
    keys = (f"material.{name}", f"mode.{name}")
    return next((key for key in keys if texts.has("fr", key)), "material.other")


def _budget(row: Figures) -> BudgetUse:
    exhausted = row["exhausted_at"]
    return BudgetUse(
        name=row["budget"],
        spent_units=row["spent_units"],
        max_units=row["max_units"],
        exhausted_at=datetime.fromisoformat(exhausted) if exhausted else None,
    )
