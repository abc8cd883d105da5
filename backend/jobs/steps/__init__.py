"""One module per concern; each step does a bounded piece of work and says whether it did any."""
