"""Published communes and invented stations."""

from pathlib import Path

import pytest

from backend.devices.codes import MATERIALS
from backend.territory.errors import ImportUnreadableError
from backend.territory.geo import AreaIndex
from backend.territory.models import STATION_KINDS
from backend.territory.sources import communes, seeds

DATA = Path(__file__).parents[3] / "data" / "communes"


@pytest.fixture(scope="module")
def facts() -> list[communes.CommuneFacts]:
    return communes.read((DATA / "amp.csv").read_text(), (DATA / "amp.geojson").read_text())


def test_reads_92_communes_and_16_arrondissements(facts: list[communes.CommuneFacts]) -> None:
    kinds = [fact.kind for fact in facts]

    assert (kinds.count("commune"), kinds.count("arrondissement")) == (92, 16)
    marseille = next(fact for fact in facts if fact.insee_code == "13055")
    assert marseille.name == "Marseille"
    assert {f.parent_code for f in facts if f.kind == "arrondissement"} == {"13055"}


@pytest.mark.parametrize(
    ("table", "boundaries"),
    [
        ("insee_code,name\n1,a\n", '{"features": []}'),
        (
            "insee_code,name,kind,population,postcodes\n1,a,commune-actuelle,9,1\n",
            '{"features": []}',
        ),
        ("", "{"),
        ("", "[]"),
    ],
)
def test_refuses_files_that_do_not_fit(table: str, boundaries: str) -> None:
    with pytest.raises(ImportUnreadableError):
        communes.read(table, boundaries)


def test_shares_stations_out_by_population_with_one_each() -> None:
    assert seeds.share_out({"A": 900, "B": 90, "C": 10}, 13) == {"A": 10, "B": 2, "C": 1}
    assert seeds.share_out({"A": 900, "B": 90, "C": 10}, 2) == {"A": 1, "B": 1}


def test_invents_the_same_stations_for_the_same_seed(facts: list[communes.CommuneFacts]) -> None:
    chosen = {fact.insee_code: fact for fact in facts[:12]}
    areas = AreaIndex({code: fact.boundary for code, fact in chosen.items()})
    populations = {code: fact.population for code, fact in chosen.items()}

    stations = seeds.stations(areas, populations, total=40)

    assert len(stations) == 40
    assert stations == seeds.stations(areas, populations, total=40)
    assert stations != seeds.stations(areas, populations, total=40, seed="other")
    assert all(areas.code_at(s.position) == s.commune_code for s in stations)
    assert len({s.ref for s in stations}) == 40


def test_invented_kinds_and_materials_are_known_to_codes_and_tables() -> None:
    assert sum(share for _, _, _, share in seeds._KINDS) == 100
    assert {kind for kind, _, _, _ in seeds._KINDS} <= set(STATION_KINDS)
    assert {m for _, _, materials, _ in seeds._KINDS for m in materials} <= set(MATERIALS)


def test_draws_evenly() -> None:
    draws = seeds.Draws("test")

    counts = [0] * 10
    for _ in range(5000):
        counts[draws.below(10)] += 1

    assert min(counts) > 420
    assert max(counts) < 580
