"""Plane geometry around a trace: metres, headings, distances. Pure."""

import numpy as np

from backend.mobility.trace import FloatArray

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius R1 of the WGS 84 ellipsoid (IUGG), within 0.6 % of any great circle."""


def to_plane(
    lat: FloatArray, lon: FloatArray, *, lat0: float | None = None, lon0: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Project degrees to metres east and north of a reference (equirectangular).

    Args:
        lat0: Latitude of the reference; the mean of `lat` when left out.
        lon0: Longitude of the reference; the first of `lon` when left out.

    Within 100 km of the reference the scale is off by less than 1 %, below what the
    fixes themselves are off by.
    """
    lat0 = float(lat.mean()) if lat0 is None else lat0
    lon0 = float(lon[0]) if lon0 is None else lon0
    scale = np.pi / 180 * EARTH_RADIUS_M
    return (lon - lon0) * scale * np.cos(np.radians(lat0)), (lat - lat0) * scale


def haversine_m(
    lat1: FloatArray, lon1: FloatArray, lat2: FloatArray, lon2: FloatArray
) -> FloatArray:
    """Return great-circle distances in metres."""
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half_lat = np.sin((phi2 - phi1) / 2) ** 2
    half_lon = np.sin(np.radians(lon2 - lon1) / 2) ** 2
    chord = np.clip(half_lat + np.cos(phi1) * np.cos(phi2) * half_lon, 0.0, 1.0)
    distance: FloatArray = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(chord))
    return distance


def step_lengths_m(lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Return the length of each step of a path, one fewer than its points."""
    return haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:])


def angle_between(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the signed turn from one heading to the next, in radians within ±π."""
    turn: FloatArray = (second - first + np.pi) % (2 * np.pi) - np.pi
    return turn
