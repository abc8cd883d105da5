"""What a council decides on: a comparison of two editions as figures, pictures and papers."""
