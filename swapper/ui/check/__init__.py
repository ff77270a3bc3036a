"""The Check a file tab."""
