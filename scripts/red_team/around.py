"""What the scheme sees around an act: whose browser, who stood beside, how crowded a place is.

Stands in for `backend.workflows.surroundings`, with its bounds, in memory.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from backend.review import rules
from backend.workflows import surroundings
from scripts.red_team.acts import DAY_S, OWN_PHONE, Person, TownAct

TOGETHER_S = int(surroundings.TOGETHER.total_seconds())
HISTORY_S = int(rules.HISTORY.total_seconds())


@dataclass(slots=True)
class _Log:
    """Who acted at one machine, in order of time."""

    at_s: list[int] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)


@dataclass(slots=True)
class Surroundings:
    """Browsers, machines and places as the claims leave them."""

    _phones: dict[int, dict[Person, int]] = field(default_factory=lambda: defaultdict(dict))
    _machines: dict[int, _Log] = field(default_factory=lambda: defaultdict(_Log))
    _acts: dict[Person, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    _located: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))

    def admit(self, act: TownAct) -> None:
        """Note a claim that the door let in."""
        if act.phone != OWN_PHONE:
            self._phones[act.phone][act.person] = act.at_s
        log = self._machines[act.station]
        log.at_s.append(act.at_s)
        log.people.append(act.person)
        self._acts[act.person].append((act.station, act.at_s))

    def pay_located(self, act: TownAct) -> None:
        """Note that a place paid a located act."""
        self._located[act.station, act.at_s // DAY_S] += 1

    def accounts_on_phone(self, act: TownAct) -> int:
        """Return how many accounts used this browser in 30 days."""
        if act.phone == OWN_PHONE:
            return 1
        return sum(last > act.at_s - HISTORY_S for last in self._phones[act.phone].values())

    def located_today(self, act: TownAct) -> int:
        """Return how many located acts the place paid on the day."""
        return self._located[act.station, act.at_s // DAY_S] if act.kind == "sticker" else 0

    def companions(self, act: TownAct) -> int:
        """Return how many people acted beside this person on several days of the last month."""
        recent = self._acts[act.person][-surroundings.MAX_ACTS :]
        mine = [(machine, at_s) for machine, at_s in recent if at_s > act.at_s - HISTORY_S]
        met: dict[Person, set[int]] = defaultdict(set)
        for machine, at_s in mine:
            log = self._machines[machine]
            first = bisect_left(log.at_s, at_s - TOGETHER_S)
            for k in range(first, bisect_right(log.at_s, at_s + TOGETHER_S)):
                met[log.people[k]].add(at_s // DAY_S)
        met.pop(act.person, None)
        return sum(len(days) >= surroundings.TOGETHER_DAYS for days in met.values())
