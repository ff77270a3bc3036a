"""What libraries report to their makers unless they are told not to: off, unless a user's own variable says otherwise.

Each library looks at its switch once, when it is imported or first used, so ``swapper/__init__.py`` sets them before
anything else of the package is there. ONNX Runtime would send the names and sizes of the models it opens, and keep a
number for this machine in the home directory; its call that turns reports off comes too late for both.
"""

import logging
import os
import sys
from collections.abc import MutableMapping

LOGGER = logging.getLogger("swapper")
ONNX_SWITCH = "ORT_DISABLE_TELEMETRY"
SWITCHES = {
    ONNX_SWITCH: "1",  # ONNX Runtime from 1.29 on
    "GRADIO_ANALYTICS_ENABLED": "False",  # also its look for newer versions
    "HF_HUB_DISABLE_TELEMETRY": "1",  # the Hub's client, which Gradio reports through
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",  # calls that Gradio remembers for its page of statistics, which is closed here
    "RAY_USAGE_STATS_ENABLED": "0",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000",  # calls between two statistics, which cost time
}
TOO_LATE = (
    "onnxruntime was imported before swapper, and from 1.29 on reports to its maker. "
    "Import swapper first, or set ORT_DISABLE_TELEMETRY=1."
)


def silence_reports(environ: MutableMapping[str, str] | None = None) -> None:
    """Set the switches that a user has not set.

    Args:
        environ: variables; the process's own when None.
    """
    environ = os.environ if environ is None else environ
    if "onnxruntime" in sys.modules and not environ.get(ONNX_SWITCH):
        LOGGER.warning(TOO_LATE)
    for name, value in SWITCHES.items():
        environ[name] = environ.get(name) or value


def is_silent(environ: MutableMapping[str, str] | None = None) -> bool:
    """Whether ONNX Runtime shall not report.

    Args:
        environ: variables; the process's own when None.
    """
    environ = os.environ if environ is None else environ
    return environ.get(ONNX_SWITCH, "").strip().lower() not in ("", "0", "false", "no", "off")
