"""Optional restoration of the swapped face."""
