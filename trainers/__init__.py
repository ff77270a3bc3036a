"""Training code: one loop, one file per system."""
