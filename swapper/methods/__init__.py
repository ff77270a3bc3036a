"""Adapters that give every swapping system one protocol."""
