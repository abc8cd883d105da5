"""Exact geometry: boundaries, holes, circles."""

from decimal import Decimal
from fractions import Fraction

import pytest

from backend.rulebook.geometry import FlatCircle, is_in_polygons, scaled

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10), (0, 0))
HOLE = ((4, 4), (6, 4), (6, 6), (4, 6), (4, 4))
NOTCHED = ((0, 0), (10, 0), (10, 10), (5, 5), (0, 10), (0, 0))


@pytest.mark.parametrize("point", [(5, 1), (0, 0), (10, 5), (5, 10), (3, 10), (10, 10), (0, 7)])
def test_inside_and_boundary_count_as_inside(point: tuple[int, int]) -> None:
    assert is_in_polygons(point, [[SQUARE]])


@pytest.mark.parametrize("point", [(-1, 0), (11, 0), (-1, 10), (5, 11), (15, 10), (-5, 5)])
def test_outside_is_outside_also_level_with_an_edge(point: tuple[int, int]) -> None:
    assert not is_in_polygons(point, [[SQUARE]])


def test_hole_is_outside_and_its_edge_inside() -> None:
    assert not is_in_polygons((5, 5), [[SQUARE, HOLE]])
    assert is_in_polygons((4, 5), [[SQUARE, HOLE]])
    assert is_in_polygons((3, 5), [[SQUARE, HOLE]])


def test_ray_through_a_vertex_counts_once() -> None:
    assert is_in_polygons((1, 5), [[NOTCHED]])
    assert not is_in_polygons((5, 6), [[NOTCHED]])
    assert is_in_polygons((5, 5), [[NOTCHED]])


def test_one_step_beside_a_long_edge_is_told_apart() -> None:
    far = 10**18
    triangle = ((0, 0), (far, far - 1), (0, far), (0, 0))

    assert is_in_polygons((far, far - 1), [[triangle]])
    assert not is_in_polygons((1, 0), [[triangle]])
    assert is_in_polygons((1, 1), [[triangle]])


def test_scaling_keeps_every_digit() -> None:
    assert scaled(Decimal("-1.638948103907376")) == -1_638_948_103_907_376_000
    assert scaled(Fraction("0.000000000000000001")) == 1


def test_circle_radius_is_inclusive_to_the_metre() -> None:
    circle = FlatCircle(Fraction("43.2965"), Fraction("5.3698"), 1000)
    north = scaled(Fraction("43.2965") + Fraction(1000, 1) * 360 / 40_030_229)

    assert circle.contains((scaled(Fraction("5.3698")), north))
    assert not circle.contains((scaled(Fraction("5.3698")), north + 10**13))


def test_circle_is_round_in_metres_not_in_degrees() -> None:
    circle = FlatCircle(Fraction(60), Fraction(0), 10_000)
    east = Fraction(10_000 * 360, 40_030_229) * 2  # cos 60° = 1/2

    assert circle.contains((scaled(east * Fraction(999, 1000)), scaled(Fraction(60))))
    assert not circle.contains((scaled(east * Fraction(1001, 1000)), scaled(Fraction(60))))
