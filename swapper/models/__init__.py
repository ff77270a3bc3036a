"""Networks only: torch in, torch out; one file per paper."""
