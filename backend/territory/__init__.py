"""The territory: communes with their boundaries, stations and containers."""
