"""The Image swap tab."""
