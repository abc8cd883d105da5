"""Where a device stands, in words."""

from collections.abc import Iterable

from sqlmodel import Session

from backend.devices import queries as device_queries
from backend.territory import queries as territory_queries


def of_devices(session: Session, numbers: Iterable[int]) -> dict[int, str]:
    """Return device number → the station it stands at, or the operator's name."""
    devices = device_queries.by_numbers(session, numbers)
    station_ids = [device.station_id for device in devices.values() if device.station_id]
    stations = territory_queries.stations_of(session, station_ids)
    communes: dict[str, str] = {}
    for code in {station.commune_code for station in stations.values()}:
        commune = territory_queries.commune(session, code)
        communes[code] = commune.name if commune is not None else ""
    words = {}
    for number, device in devices.items():
        station = stations.get(device.station_id or "")
        if station is None:
            words[number] = device.name
        else:
            words[number] = ", ".join(
                part for part in (station.name, communes[station.commune_code]) if part
            )
    return words


def of_commune(session: Session, insee_code: str) -> str:
    """Return the name of a commune, empty when it is unknown."""
    commune = territory_queries.commune(session, insee_code)
    return commune.name if commune is not None else ""
