"""An independent bound on what an edition can ever pay; None when there is none."""

from backend.rulebook.schema.edition import Edition

_PERIODS_PER_YEAR = {"day": 366, "week": 53, "month": 12, "year": 1}


def bound_units(edition: Edition) -> int | None:
    """Return the most units an edition can pay in all, from its budgets alone."""
    if edition.compat is not None and edition.compat.budget_at_run_time:
        return 0  # cannot be published; the replayed case brings its own limits
    budgets = {budget.id: budget for budget in edition.budgets}
    total = 0
    for rule in edition.rules:
        if rule.budget not in budgets or rule.max_units_per_act is None:
            return None
    for budget in budgets.values():
        if budget.period == "all":
            total += budget.max_units
            continue
        end = edition.validity.before or edition.validity.until
        if end is None or edition.validity.from_ is None:
            return None
        years = end.year - edition.validity.from_.year + 1
        total += budget.max_units * _PERIODS_PER_YEAR[budget.period] * years
    return total
