"""Training code: one loop, one file per system."""

import swapper  # noqa: F401 (turns off what libraries report, before any of them is imported)
