"""A second reading of the register's format, written from its description alone.

It shares no line with the importer or the engine: campaign facts and trips in, cents and counters
out, exact fractions in between. `register_campaigns.py` draws what it is asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

Facts = Mapping[str, Any]
Counters = dict[tuple[str, str, str, str, str], int]
"""(target, who, counter, period, period key) → value."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WHO = {"driver": "driver", "passenger": "passenger", "operator_trip": "operator_trip"}


class Oracle:
    """One campaign with the run-time parameters of one case."""

    def __init__(self, campaign: Facts, cases: Facts, case: Facts) -> None:
        self._campaign = campaign
        self._policy = case["policy"]
        self._places = cases["places"]
        self._processed = date.fromisoformat(cases["processing_date"])
        self.counters: Counters = {
            (one["target"], one["who"] or "-", one["counter"], one["period"],
             one["period_key"] or ""): one["value"]
            for one in case["opening"]
        }  # fmt: skip

    def run(self, trips: Iterable[Facts]) -> tuple[list[int], list[int]]:
        """Return the cents before caps and after, trip by trip."""
        before = []
        after = []
        for trip in trips:
            before.append(self._before_caps(trip))
            after.append(self._after_caps(trip, before[-1]))
        return before, after

    def _before_caps(self, trip: Facts) -> int:
        at, policy = _departure(trip), self._policy
        if policy["start"] is not None and at < datetime.fromisoformat(policy["start"]):
            return 0
        if policy["end"] is not None and at > datetime.fromisoformat(policy["end"]):
            return 0
        if not any(self._in_codes(trip, end, policy["territory_selector"]) for end in _ENDS):
            return 0
        if not all(self._is_eligible(trip, entry) for entry in self._campaign["eligibility"]):
            return 0
        return floor(self._tariff(trip) + Fraction(1, 2))

    def _is_eligible(self, trip: Facts, entry: Facts) -> bool:
        if entry.get("when") is not None and not self._holds(trip, entry["when"]):
            return True
        if "require" in entry:
            return self._holds(trip, entry["require"])
        return not self._holds(trip, entry["exclude"])

    def _holds(self, trip: Facts, c: Facts) -> bool:  # noqa: C901, PLR0911, PLR0912 - one arm per documented condition
        at = _departure(trip)
        match c["type"]:
            case "all":
                return all(self._holds(trip, part) for part in c["of"])
            case "any":
                return any(self._holds(trip, part) for part in c["of"])
            case "not":
                return not self._holds(trip, c["of"])
            case "instant_from":
                return at >= datetime.fromisoformat(c["at"])
            case "instant_before":
                return at < datetime.fromisoformat(c["at"])
            case "utc_date_from":
                return _day(at, "UTC") >= str(c["date"])
            case "utc_date_to":
                return _day(at, "UTC") <= str(c["date"])
            case "local_date_in":
                days = c["dates"]
                if isinstance(days, dict):
                    days = self._policy.get(days["parameter"]) or []
                return _day(at, c["time_zone"]) in days
            case "local_weekday_in":
                return _WEEKDAYS[at.astimezone(ZoneInfo(c["time_zone"])).weekday()] in c["days"]
            case "processing_date_from":
                return self._processed >= date.fromisoformat(c["date"])
            case "operator_allowed":
                begun = [
                    span["allowed"]
                    for span in c["timeline"]
                    if datetime.fromisoformat(span["from"]) <= at
                ]
                return bool(begun) and trip["operator"] in begun[-1]
            case "operator_class_in":
                return trip["class"] in c["classes"]
            case "distance":
                low, high = c.get("min_m"), c.get("max_m")
                metres = trip["distance_m"]
                return (low is None or metres >= low) and (high is None or metres < high)
            case "passenger_adult":
                return trip["passenger_is_adult"] is not False
            case "same_code":
                one, other = (self._places[trip[end]].get(c["level"]) for end in _ENDS)
                return bool(one == other)
            case "field_is_zero":
                return not trip.get(c["field"])
            case kind:
                return self._place_holds(trip, kind, c)

    def _place_holds(self, trip: Facts, kind: str, c: Facts) -> bool:
        def inside(end: str) -> bool:
            if "geometry" in c:
                place = self._places[trip[end]]
                return _in_geometry(Fraction(str(place["lon"])), Fraction(str(place["lat"])), c)
            codes = c["codes"]
            return self._in_codes(
                trip, end, self._policy[codes["parameter"]] if "parameter" in codes else codes
            )

        match kind.removesuffix("_polygon"):
            case "start_in":
                return inside("start")
            case "end_in":
                return inside("end")
            case "start_and_end_in":
                return inside("start") and inside("end")
            case "start_or_end_in":
                return inside("start") or inside("end")
        raise AssertionError(kind)

    def _in_codes(self, trip: Facts, end: str, codes: Facts) -> bool:
        place = self._places[trip[end]]
        return any(place.get(level) in listed for level, listed in codes.items())

    def _tariff(self, trip: Facts) -> Fraction:
        tariff = self._campaign["tariff"]
        if tariff["mode"] == "formula":
            cents = _expression(trip, tariff["formula"])
        else:
            cents = sum(
                (_component(trip, part) for tier in self._tiers(trip) for part in tier), Fraction(0)
            )
        for change in tariff["adjustments"]:
            if change.get("when") is not None and not self._holds(trip, change["when"]):
                continue
            if change["type"] == "multiply":
                cents *= Fraction(str(change["factor"]))
            else:
                cents = max(cents, Fraction(trip.get(change["field"]) or 0))
        return cents

    def _tiers(self, trip: Facts) -> Iterator[list[Facts]]:
        tariff, metres = self._campaign["tariff"], trip["distance_m"]
        for variant in tariff["variants"]:
            if variant["when"] is None or self._holds(trip, variant["when"]):
                break
        else:
            return
        for tier in variant["tiers"]:
            if metres < tier["from_m"]:
                continue
            if tariff["mode"] == "sum_of_reached_tiers":
                yield tier["components"]
            elif tier["to_m"] is None or metres < tier["to_m"]:
                yield tier["components"]
                return

    def _after_caps(self, trip: Facts, amount: int) -> int:
        if amount == 0:
            return 0
        for cap in sorted(self._campaign["caps"], key=lambda cap: cap["order"]):
            limit = self._policy["budget_cents"] if cap["max"] == "budget_cents" else cap["max"]
            if limit is None:
                continue
            who = trip[_WHO[cap["target"]]] if cap["target"] in _WHO else "-"
            day = _day(_departure(trip), cap.get("period_time_zone") or "UTC")
            key = {"day": day, "month": day[:7], "year": day[:4], "campaign": ""}[cap["period"]]
            name = (cap["target"], who, cap["counter"], cap["period"], key)
            value = self.counters.get(name, 0)
            if value >= limit:
                return 0
            match cap["counter"]:
                case "trips":
                    self.counters[name] = value + 1
                case "seats":
                    self.counters[name] = value + trip["seats"]
                case _:
                    amount = min(amount, limit - value)
                    self.counters[name] = value + amount
        return amount


def judged(campaign: Facts, cases: dict[str, Any]) -> dict[str, Any]:
    """Return cases with what the oracle expects of them: amounts and closing counters."""
    (case,) = cases["cases"]
    oracle = Oracle(campaign, cases, case)
    before, after = oracle.run(case["trips"])
    closing = [
        {"target": target, "who": None if who == "-" else who, "counter": counter,
         "period": period, "period_key": key or None, "value": value}
        for (target, who, counter, period, key), value in oracle.counters.items()
        if value
    ]  # fmt: skip
    return cases | {
        "cases": [case | {"before_caps": before, "expected": after, "closing": closing}]
    }


_ENDS = ("start", "end")


def _departure(trip: Facts) -> datetime:
    return datetime.fromisoformat(trip["departure"])


def _day(at: datetime, zone: str) -> str:
    return at.astimezone(UTC if zone == "UTC" else ZoneInfo(zone)).date().isoformat()


def _component(trip: Facts, part: Facts) -> Fraction:
    if "fixed_cents" in part:
        cents = Fraction(str(part["fixed_cents"]))
    else:
        end = part.get("km_to_m")
        metres = trip["distance_m"] if end is None else min(trip["distance_m"], end)
        cents = Fraction(str(part["cents_per_km"])) * (metres - part["km_from_m"]) / 1000
        if part.get("max_cents_before_seats") is not None:
            cents = min(cents, Fraction(part["max_cents_before_seats"]))
    return cents * (trip["seats"] or 1) if part["per"] == "seat" else cents


def _expression(trip: Facts, node: Any) -> Fraction:  # noqa: C901, PLR0911 - one arm per documented operation
    if not isinstance(node, dict):
        return Fraction(str(node))
    ((operation, given),) = node.items()
    if operation == "field":
        return Fraction(trip.get(given) or 0)
    values = [_expression(trip, part) for part in (given if isinstance(given, list) else [given])]
    match operation:
        case "min":
            return min(values)
        case "sum":
            return sum(values, Fraction(0))
        case "negate":
            return -values[0]
        case "product":
            return values[0] * values[1]
        case "quotient":
            return values[0] / values[1]
        case "difference":
            return values[0] - values[1]
        case "clamp":
            return min(max(values[0], values[1]), values[2])
        case "round_half_up":
            return Fraction(floor(values[0] + Fraction(1, 2)))
    raise AssertionError(operation)


def _in_geometry(x: Fraction, y: Fraction, c: Facts) -> bool:
    shape = c["geometry"]
    polygons = shape["coordinates"]
    if shape["type"] == "Polygon":
        polygons = [polygons]
    return any(_in_rings(x, y, rings) for rings in polygons)


def _in_rings(x: Fraction, y: Fraction, rings: list[Any]) -> bool:
    """Count crossings over all rings; a point on any edge is inside."""
    crossings = 0
    for ring in rings:
        points = [(Fraction(str(a)), Fraction(str(b))) for a, b in ring]
        for (x1, y1), (x2, y2) in pairwise(points):
            cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
            within = min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)
            if cross == 0 and within:
                return True
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                crossings += 1
    return crossings % 2 == 1
