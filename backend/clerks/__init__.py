"""People who work at a shop's till: a PIN, limits, and the browsers they sign in on."""
