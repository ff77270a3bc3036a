"""What lies in front of a face: glasses, hair, hands and other things."""
