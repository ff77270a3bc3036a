"""Swapper: face swapping in images and video."""
