"""Draws campaigns and trips in the register's format, with every documented element.

Bounds, instants and days are few and shared by rules and trips, so that trips fall on them.
"""

import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Facts = dict[str, Any]

LEVELS = ("commune", "arr", "epci", "aom", "dep", "reg", "reseau", "country")
METRES = (0, 1, 1999, 2000, 4999, 5000, 5001, 15_000, 17_000, 30_000, 30_001, 80_000)
OPERATORS = ("op1", "op2", "op3", "op_other")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ZONES = ("Europe/Paris", "Europe/Paris", "UTC")
PARIS = ZoneInfo("Europe/Paris")
MOMENTS = tuple(
    datetime.fromisoformat(text).replace(tzinfo=PARIS)
    for text in ("2024-03-31T02:00:00", "2024-06-01T00:00:00", "2024-06-30T23:30:00",
                 "2024-10-27T02:30:00", "2024-12-31T23:59:59", "2025-01-01T00:00:00")
)  # fmt: skip
SHARED_FIELDS = ("driver_revenue_cents", "passenger_contribution_cents")
SQUARE = [[5, 43], [6, 43], [6, 44], [5, 44], [5, 43]]
HOLE = [[5.4, 43.4], [5.6, 43.4], [5.6, 43.6], [5.4, 43.6], [5.4, 43.4]]
TRIANGLE = [[7.1, 43.1], [7.9, 43.1], [7.1, 43.9], [7.1, 43.1]]
SHAPES = (
    {"type": "Polygon", "coordinates": [SQUARE]},
    {"type": "Polygon", "coordinates": [SQUARE, HOLE]},
    {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [TRIANGLE]]},
)
POSITIONS = ((5.5, 43.5), (5.2, 43.2), (5, 43.7), (5.4, 43.5), (6, 44), (7.3, 43.3), (9.5, 45.25))


class Draw:
    """One campaign, its cases and its trips, all from one seed."""

    def __init__(self, seed: int) -> None:
        self._any = random.Random(seed)

    def campaign(self) -> Facts:
        """Return a valid campaign with one to eight eligibility entries."""
        chance = self._any
        return {
            "schema": "carpool-campaign/1",
            "id": f"2024_{chance.choice('ABC')} é/{chance.randint(1, 99)}",
            "label": "Campagne",
            "kind": "campaign",
            "units": {"money": "EUR cent", "distance": "m"},
            "time_zone": "Europe/Paris",
            "published": {"first_day": None, "budget_cents": None},
            "parameters": {"booster_dates": {"deployed": []}},
            "eligibility": [self._entry(at) for at in range(chance.choice([0, 0, 1, 1, 2, 3]))],
            "tariff": self._tariff(),
            "caps": self._caps(),
            "notes": ["drawn"],
        }

    def cases(self, trips: int) -> Facts:
        """Return one case without expectations."""
        chance = self._any
        start, end = sorted(chance.sample(MOMENTS, 2))
        policy = {
            "start": chance.choice([None, start.isoformat()]),
            "end": chance.choice([None, end.isoformat()]),
            "budget_cents": chance.choice([None, 0, 700, 5000, 10**9, 10**9]),
            "territory_selector": chance.choice([{"country": ["XXXXX"]}] * 4 + [self._codes()]),
            "booster_dates": [self._day() for _ in range(4)],
        }
        case = {
            "n": 1,
            "topic": "drawn",
            "policy": policy,
            "opening": [],
            "trips": [self._trip(at) for at in range(trips)],
        }
        return {
            "schema": "carpool-cases/1",
            "processing_date": chance.choice(["2024-06-01", "2026-11-23"]),
            "places": {f"L{at}": self._place(at) for at in range(8)},
            "cases": [case],
        }

    def _entry(self, at: int) -> Facts:
        chance = self._any
        entry: Facts = {"id": chance.choice([f"entry_{at}", "same", "Ça & là"])}
        entry[chance.choice(["require", "require", "exclude"])] = self._condition()
        if chance.random() < 0.3:
            entry["when"] = self._condition()
        return entry

    def _condition(self, depth: int = 0) -> Facts:
        chance = self._any
        kinds = [self._clock, self._clock, self._person, self._where, self._where, self._measure]
        if depth < 2:
            kinds.append(lambda: self._combined(depth))
        found: Facts = chance.choice(kinds)()
        return found

    def _combined(self, depth: int) -> Facts:
        kind = self._any.choice(["all", "any", "not"])
        if kind == "not":
            return {"type": "not", "of": self._condition(depth + 1)}
        size = self._any.choice([0, 1, 2, 2, 3])
        return {"type": kind, "of": [self._condition(depth + 1) for _ in range(size)]}

    def _clock(self) -> Facts:
        chance, zone = self._any, self._any.choice(ZONES)
        days = [self._day() for _ in range(chance.randint(0, 6))]
        return chance.choice(
            [
                {"type": "instant_from", "at": self._instant()},
                {"type": "instant_before", "at": self._instant()},
                {"type": "utc_date_from", "date": self._day()},
                {"type": "utc_date_to", "date": self._day()},
                {"type": "local_date_in", "time_zone": zone, "dates": days},
                {
                    "type": "local_date_in",
                    "time_zone": zone,
                    "dates": {"parameter": "booster_dates"},
                },
                {
                    "type": "local_weekday_in",
                    "time_zone": zone,
                    "days": chance.sample(WEEKDAYS, chance.randint(0, 5)),
                },
                {
                    "type": "processing_date_from",
                    "date": chance.choice(["2024-06-01", "2024-06-02"]),
                },
            ]
        )

    def _person(self) -> Facts:
        chance = self._any
        spans = sorted(chance.sample(MOMENTS, chance.randint(1, 3)))
        return chance.choice(
            [
                {
                    "type": "operator_allowed",
                    "timeline": [
                        {
                            "from": at.isoformat(),
                            "allowed": chance.sample(OPERATORS, chance.randint(0, 3)),
                        }
                        for at in spans
                    ],
                },
                {
                    "type": "operator_class_in",
                    "classes": chance.choice([["C"], ["C"], ["B", "C"], []]),
                },
                {"type": "passenger_adult", "unknown_passes": True},
                {"type": "field_is_zero", "field": chance.choice(SHARED_FIELDS)},
            ]
        )

    def _where(self) -> Facts:
        chance = self._any
        which = chance.choice(["start_in", "end_in", "start_and_end_in", "start_or_end_in"])
        if chance.random() < 0.3:
            return {"type": f"{which}_polygon", "geometry": chance.choice(SHAPES)}
        if chance.random() < 0.2:
            return {"type": "same_code", "level": chance.choice(LEVELS)}
        if chance.random() < 0.2:
            return {"type": which, "codes": {"parameter": "territory_selector"}}
        return {"type": which, "codes": self._codes()}

    def _measure(self) -> Facts:
        low, high = sorted(self._any.sample(METRES, 2))
        return {
            "type": "distance",
            "min_m": self._any.choice([None, low]),
            "max_m": self._any.choice([None, high]),
        }

    def _tariff(self) -> Facts:
        chance = self._any
        mode = chance.choice(["sum_of_reached_tiers"] * 4 + ["single_tier"] * 2 + ["formula"])
        found: Facts = {
            "mode": mode,
            "variants": [],
            "adjustments": [self._adjustment() for _ in range(chance.choice([0, 0, 1, 2]))],
            "rounding": {
                "when": "once, after adjustments and before caps",
                "mode": "nearest, half up (toward +infinity)",
                "unit_cents": 1,
            },
        }
        if mode == "formula":
            return found | {"formula": self._expression()}
        found["variants"] = [
            {"when": self._condition(), "tiers": self._tiers()} for _ in range(chance.randint(0, 2))
        ]
        if chance.random() < 0.9:
            found["variants"].append({"when": None, "tiers": self._tiers()})
        return found

    def _tiers(self) -> list[Facts]:
        bounds = sorted(self._any.sample(METRES, self._any.randint(1, 4)))
        past = self._any.choice([0, 0, 0, 1000])  # tiers of which one counts may overlap
        ends = [*(end + past for end in bounds[1:]), self._any.choice([None, METRES[-1] + 1])]
        return [
            {
                "from_m": start,
                "to_m": end,
                "components": [
                    self._component(start, end) for _ in range(self._any.choice([1, 1, 2]))
                ],
            }
            for start, end in zip(bounds, ends, strict=True)
        ]

    def _component(self, start: int, end: int | None) -> Facts:
        chance = self._any
        per = chance.choice(["seat", "seat", "trip"])
        if chance.random() < 0.5:
            return {"fixed_cents": chance.choice([0, 20, 75, 150, 200]), "per": per}
        found: Facts = {
            "cents_per_km": chance.choice([10, 12.5, 0.1, 7.25]),
            "km_from_m": chance.choice([start, 0, start + 1]),
            "km_to_m": chance.choice([None, end]),
            "per": per,
        }
        if chance.random() < 0.3:
            found["max_cents_before_seats"] = chance.choice([50, 125])
        return found

    def _adjustment(self) -> Facts:
        found: Facts = {"when": self._any.choice([None, self._condition()])}
        if self._any.random() < 0.5:
            return found | {"type": "multiply", "factor": self._any.choice([1.5, 2, 0.5, 1.1])}
        return found | {"type": "raise_to", "field": self._any.choice(SHARED_FIELDS)}

    def _expression(self) -> Facts:
        beyond = {"difference": [{"field": "distance_m"}, 15_000]}
        rate = {"quotient": [{"clamp": [beyond, 0, 15_000]}, 1000]}
        base = {"sum": [self._any.choice([100, 150]), {"product": [10, {"round_half_up": rate}]}]}
        own = {"negate": {"field": SHARED_FIELDS[1]}}
        return self._any.choice([base, {"min": [200, {"sum": [base, own]}]}])

    def _caps(self) -> list[Facts]:
        chance = self._any
        found: list[Facts] = []
        for target, counter, period, limits in (
            ("operator_trip", "seats", "day", (2, 3)),
            ("driver", "trips", "day", (2, 6)),
            ("passenger", "trips", "day", (1, 2)),
            ("driver", "trips", "month", (3, 8)),
            ("campaign", "trips", "campaign", (5, 12)),
            ("campaign", "amount", "day", (400,)),
            ("driver", "amount", "year", (900, 10_000)),
            ("passenger", "amount", "month", (500,)),
            ("driver", "amount", "month", (300, 1500)),
            ("campaign", "amount", "campaign", ("budget_cents", "budget_cents", 2500)),
        ):
            if chance.random() < 0.4:
                found.append(
                    {
                        "order": len(found) + 1,
                        "target": target,
                        "counter": counter,
                        "period": period,
                        "max": chance.choice(limits),
                    }
                )
                if period != "campaign":
                    found[-1]["period_time_zone"] = "UTC"
        return found

    def _codes(self) -> dict[str, list[str]]:
        chance = self._any
        levels = chance.sample(LEVELS, chance.choice([1, 1, 2, 3]))
        return {
            level: chance.sample(_codes_of(level), chance.randint(0, len(_codes_of(level))))
            for level in levels
        }

    def _place(self, at: int) -> Facts:
        chance = self._any
        lon, lat = POSITIONS[at % len(POSITIONS)]
        codes = {level: chance.choice([None, *_codes_of(level)]) for level in LEVELS[:-1]}
        return codes | {"country": "XXXXX", "lat": lat, "lon": lon}

    def _trip(self, at: int) -> Facts:
        chance = self._any
        return {
            "id": f"t{at}",
            "driver": chance.choice(["d1", "d2", "b1"]),
            "passenger": chance.choice(["p1", "p2", "b1"]),
            "operator": chance.choice(OPERATORS),
            "operator_trip": f"j{chance.randint(1, 6)}",
            "class": chance.choice(["A", "B", "C", "C", "C"]),
            "departure": self._instant(),
            "seats": chance.choice([1, 1, 1, 2, 3, 4]),
            "distance_m": chance.choice([*METRES, chance.randint(0, 90_000)]),
            "start": f"L{chance.randrange(8)}",
            "end": f"L{chance.randrange(8)}",
            "passenger_is_adult": chance.choice([True, False, None]),
            "driver_revenue_cents": chance.choice([0, 100, 380]),
            "passenger_contribution_cents": chance.choice([0, 10, 250]),
        }

    def _instant(self) -> str:
        step = self._any.choice([0, 0, 1, -1, 1800, -1800, 7200, -7200, 86_400])
        at = self._any.choice(MOMENTS).astimezone(ZoneInfo("UTC")) + timedelta(seconds=step)
        return at.astimezone(PARIS).isoformat()

    def _day(self) -> str:
        return self._instant()[:10]


def _codes_of(level: str) -> list[str]:
    return ["XXXXX"] if level == "country" else [f"{level}-{name}" for name in "xy"]
