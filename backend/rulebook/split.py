"""Whether a tariff could pay more for an act that is cut into several."""

from backend.rulebook.schema import tariffs as t
from backend.rulebook.schema.rules import Rule


def is_split_safe(rule: Rule) -> bool:
    """Tell whether cutting an act into parts can never raise what its tariff gives in all.

    True for sums of plain rates per item, kilogram or kilometre with nothing else, rounded down,
    in one variant and one tier from 0. Anything else may say that parts pay more (a fixed amount
    per act does), so False means "cannot be promised". Requirements and caps are not looked at.
    """
    tariff = rule.tariff
    if tariff.formula is not None or tariff.rounding != "down" or len(tariff.variants) != 1:
        return False
    if any(not isinstance(change, t.Multiply) or change.when for change in tariff.adjustments):
        return False
    variant = tariff.variants[0]
    if variant.when is not None or len(variant.tiers) != 1 or rule.max_units_per_act is None:
        return False
    tier = variant.tiers[0]
    return tier.from_ == 0 and tier.below is None and all(map(_is_linear, tier.pay))


def _is_linear(part: t.Component) -> bool:
    match part:
        case t.Fixed(per=per):
            return per in ("item", "kg")
        case t.PerKm(from_m=0, to_m=None, max_units=None, per="act"):
            return True
        case _:
            return False
