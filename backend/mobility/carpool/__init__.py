"""Carpool trips: checks on arrival, anomalies, the same trip at two operators, co-presence.

Thresholds are those of the French register of proof of carpooling (preuve-covoiturage,
Apache-2.0, as of 2025-08), of which two known faults are avoided; docs/mobility.md lists them.
"""
