"""Forecasts of drafts as pages show them: totals, months, places, budgets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from backend.http.deps import Config
from backend.rulebook.council.charts import months_chart, places_chart
from backend.rulebook.council.figures import largest_first
from backend.rulebook.council.words import place_name, words_of
from backend.rulebook.evaluation import Line
from backend.rulebook.explain import explain
from backend.rulebook.models import Forecast
from backend.web import texts
from backend.web.contexts import BudgetUse, Example, ForecastView, GroupCost
from backend.web.worth import worth_cents

MAX_AREAS = 8
"""The places that change most; the papers have them all."""
MAX_EXAMPLES = 4

Figures = Mapping[str, Any]


def view_of(forecast: Forecast, config: Config, language: str) -> ForecastView:
    """Return what a page shows of a forecast, the figures once it is done."""
    result = forecast.result
    if forecast.state != "done" or result is None:
        return ForecastView(forecast.state, progress_percent=forecast.progress_percent)
    before, after = result["before"]["units"], result["after"]["units"]
    people = result["people"]
    # Forecasts made before districts were known say nothing about them.
    districts = result.get("by_district")
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
            _group(subject_key(name), row)
            for name, row in sorted(result["by_subject"].items())
            if row["before_units"] != row["after_units"]
        ),
        areas=_areas(result["by_area"], language),
        districts=None if districts is None else _areas(districts, language),
        examples=tuple(_example(row, language) for row in result["examples"][:MAX_EXAMPLES]),
        budgets=tuple(_budget(row) for row in result["after"]["budgets"]),
        months_chart=_svg(months_chart(result, language)),
        areas_chart=_chart(result["by_area"], "forecast.by_area", language),
        districts_chart=_chart(districts or [], "forecast.by_district", language),
    )


def _areas(rows: list[Figures], language: str) -> tuple[GroupCost, ...]:
    words = words_of(language)
    shown = largest_first(rows, limit=MAX_AREAS)
    return tuple(_group(place_name(row["name"], words), row) for row in shown)


def _chart(rows: list[Figures], title_key: str, language: str) -> Markup:
    shown = largest_first(rows, limit=MAX_AREAS)
    if not shown:
        return _svg("")
    return _svg(places_chart(shown, texts.translate(language, title_key), language))


def _svg(picture: str) -> Markup:
    return Markup(picture)  # noqa: S704 - drawn by us; charts.py escapes every word in it


def _example(row: Figures, language: str) -> Example:
    before, after = (
        tuple(explain([Line(line["code"], line["facts"]) for line in row.get(name, ())], language))
        for name in ("before_lines", "lines")
    )
    return Example(
        subject_key(row["subject"]), row["before_units"], row["after_units"], before, after
    )


def _group(name: str, row: Figures) -> GroupCost:
    return GroupCost(name, row["before_units"], row["after_units"], row["gaining"], row["losing"])


def subject_key(name: str) -> str:
    """Return the text key of a material or mode."""
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
