"""Experiments on swapping methods: interpolations between two people, and comparisons with figures."""
