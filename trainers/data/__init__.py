"""The photos that networks learn from: prepared, packed, paired, changed."""
