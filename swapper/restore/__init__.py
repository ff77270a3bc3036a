"""Optional restoration of the swapped face, and enlargement of the whole picture."""
