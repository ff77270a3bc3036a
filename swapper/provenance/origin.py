"""How a picture came about, as the marks tell it; nothing about the people in it."""

import importlib.metadata
from dataclasses import dataclass

from swapper import hub
from swapper.methods.base import METHODS
from swapper.restore.base import RESTORER_WEIGHTS

# Numbers in the watermark; a number once given is never given to another method.
METHOD_CODES = {
    "warp": 1,
    "mobilefaceswap": 2,
    "ghost": 3,
    "smoothswap": 4,
    "simswap": 5,
    "rafswap": 6,
    "onnx": 7,  # any published swapper, ``onnx:NAME``
}
MARK_VERSION = 1
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Origin:
    """What made a swapped picture.

    Attributes:
        method: name of the method, or ``onnx:NAME``.
        restore: name of the restoration.
        sources: how many source persons went into it.
    """

    method: str
    restore: str = "none"
    sources: int = 1

    @property
    def learned(self) -> bool:
        """Whether trained networks drew pixels of it."""
        return self.method != "warp" or self.restore != "none"

    @property
    def source_type(self) -> str:
        """IPTC's term for how it came about, a URL.

        Source: IPTC NewsCodes, Digital Source Type; C2PA 2.2, section 18.15.
        """
        return _SOURCE_TYPES + ("compositeWithTrainedAlgorithmicMedia" if self.learned else "composite")

    @property
    def message(self) -> int:
        """The watermark's message: version of the mark and number of the method."""
        return MARK_VERSION << 8 | METHOD_CODES.get(self.method.split(":")[0], 0)

    def weights(self) -> list[dict[str, str]]:
        """Name and SHA-256 of the weights files that took part; without the sum where none is on record."""
        names = list(METHODS[self.method].weights) if self.method in METHODS else []
        names += [self.method.removeprefix("onnx:")] if self.method.startswith("onnx:") else []
        names += [name for name in RESTORER_WEIGHTS.get(self.restore, ()) if hub.find(name)][:1]
        sums = {row.name: row.sha256 for row in hub.entries()}
        return [{"name": name, **({"sha256": known} if (known := sums.get(name)) else {})} for name in names]


def read_message(message: int) -> str:
    """What a watermark's message says, for people.

    Args:
        message: 0 to 4095.
    """
    version, code = message >> 8, message & 0xFF
    if version != MARK_VERSION:
        return f"by another version of Swapper (message {message:#05x})"
    name = next((name for name, known in METHOD_CODES.items() if known == code), None)
    return f"by Swapper, method {name}" if name else f"by Swapper, a method unknown here (number {code})"


def software_version() -> str:
    """Version of this software."""
    try:
        return importlib.metadata.version("swapper")
    except importlib.metadata.PackageNotFoundError:
        return "0.1.0"
