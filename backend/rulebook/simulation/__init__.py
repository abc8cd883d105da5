"""Simulation: many acts under one edition, by the plain engine or by columns, equal to the unit."""
