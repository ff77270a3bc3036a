"""Measures of a swap: identity, geometry, realism."""
