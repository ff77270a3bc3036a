"""How lengthy work reports its progress to a visitor."""

from collections.abc import Callable
from typing import Any

ReportProgress = Callable[[float, str], Any]  # share done in [0, 1], and what is being done
