"""Swapping faces in video: reading, following people, swapping and writing, as a stream."""
