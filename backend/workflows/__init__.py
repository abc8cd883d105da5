"""What spans slices: each function is one transaction's work, without network calls."""
