"""Where rows of the territory come from: published lists, imports, seeds. No writes."""
