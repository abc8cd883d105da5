"""The tables of the simulated town: goals with intervals, and what broken controls let in."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.red_team.attacks import COLLECTORS, Setting

GOALS = {"fraud": 0.005, "cheater": 1.5, "held": 0.005, "refused": 0.001}
LOCATED_LEAST = 0.25
"""Share of honest acts that are located only, so that the goals are not met by giving P1 up."""
_STUDENT_T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306}
"""Two-sided 95 % quantiles by number of seeds; source: any table of Student's distribution."""


def interval(values: Sequence[float]) -> float:
    """Return half the width of the 95 % confidence interval of the mean; 0 for one value."""
    if len(values) == 1:
        return 0.0
    quantile = _STUDENT_T.get(len(values), 2.262)
    return quantile * statistics.stdev(values) / math.sqrt(len(values))


def goals(results: Sequence[Any], worst: Mapping[str, Setting], settings: int) -> bool:
    """Print the table of the whole town; tell whether every goal is met by every seed."""
    mean = statistics.mean(result.honest_mean for result in results)
    print(f"Honest mean {mean:.0f} units a month. Worst of {settings} settings per style:")
    for style, setting in worst.items():
        if style in COLLECTORS:
            continue
        gained = [result.by_style[style] for result in results]
        print(
            f"  {style:11} {statistics.mean(gained):7.0f} ± {interval(gained):.0f} "
            f"fake units an agent  {dict(setting)}"
        )
    is_met = True
    for name, goal in GOALS.items():
        values = [getattr(result, name) for result in results]
        is_good = max(values) <= goal
        is_met &= is_good
        _line(name, values, f"goal {goal}: {'met' if is_good else 'MISSED'}")
    located = [result.located for result in results]
    is_good = min(located) >= LOCATED_LEAST
    _line("located", located, f"least {LOCATED_LEAST}: {'met' if is_good else 'MISSED'}")
    _line("P1 / P2", [r.located_pay for r in results], "a located act against an attested object")
    _line("an act", [r.located_act_pay for r in results], "against an attested act of many objects")
    _line("trimmed", [result.trimmed for result in results], "of honest value")
    return is_met and is_good


def _line(name: str, values: Sequence[float], remark: str) -> None:
    print(
        f"  {name:8} mean {statistics.mean(values):.5f} ± {interval(values):.5f}, "
        f"{min(values):.5f} to {max(values):.5f}, {remark}"
    )


def broken(gained: Mapping[tuple[str, str], float], usual: Mapping[tuple[str, str], float]) -> bool:
    """Print what each attack gains without its control; tell whether all of them succeed.

    Args:
        gained: Style and control → units an agent of the best setting without that control.
        usual: The same settings with every control on.
    """
    print("Without its control, fake units an agent (with it):")
    all_succeed = True
    for pair, units in gained.items():
        style, control = pair
        # What reviewers miss and five accounts may bring is left to collectors in any case.
        factor = 1.5 if style in COLLECTORS else 2
        succeeds = units > factor * usual[pair] + 100
        all_succeed &= succeeds
        mark = "" if succeeds else "  (NO DIFFERENCE)"
        what = "others' units" if style in COLLECTORS else ""
        print(f"  {style:11} without {control:14} {units:8.0f} ({usual[pair]:.0f}) {what}{mark}")
    return all_succeed
