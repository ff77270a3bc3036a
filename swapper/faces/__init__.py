"""Finding faces: detection, 478 landmarks, alignment, regions, identity, selection."""
