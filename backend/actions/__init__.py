"""Acts of citizens: claims as they arrive, and the verdict on each."""
