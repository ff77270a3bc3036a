"""Masks, colour matching and pasting the swapped face back into the frame."""
