"""What merchants offer for points: stock, limits, reservations."""
