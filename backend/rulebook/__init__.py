"""The published rules: language, engine, explanations, simulation. The engine does no I/O."""
