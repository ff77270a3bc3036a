"""The Interpolation tab."""
