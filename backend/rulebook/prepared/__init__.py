"""An edition turned once into plain functions, so that one evaluation takes microseconds."""
