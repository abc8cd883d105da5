"""Devices of the street and partners' servers: their keys, the codes they sign, their state."""
