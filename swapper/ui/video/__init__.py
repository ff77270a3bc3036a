"""The Video swap tab."""
