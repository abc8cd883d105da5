"""Shared bikes: what a public feed of stations says about a ride. Pure."""
