"""How work that takes a while tells a visitor where it is."""

from collections.abc import Callable
from typing import Any

ReportProgress = Callable[[float, str], Any]  # share done in [0, 1], and what is being done
