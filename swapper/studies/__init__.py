"""Experiments on swapping methods: walks between two people, and comparisons with figures."""
