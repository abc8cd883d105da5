"""The terminal's own process: holds one device's key, signs its codes, serves its screen."""
