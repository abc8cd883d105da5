"""Rewards: what a verdict earns, its receipt, its tranches and the caps it moves."""
