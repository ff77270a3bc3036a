"""The version: ``swapper.__version__``, ``pyproject.toml``, the manifest and content credentials read it from here."""

__version__ = "0.1.0"
