"""How a picture came about, as the marks tell it; nothing about the people in it."""

from dataclasses import dataclass

from swapper import hub
from swapper.registry import FAMILIES, METHODS, RESTORERS, published_methods, split_method
from swapper.registry.upscalers import UPSCALERS
from swapper.version import __version__

MARK_VERSION = 1
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Origin:
    """What made a swapped picture.

    Attributes:
        method: name of the method, ``METHOD@WEIGHTS`` where it used a file of the user's, or ``onnx:NAME``.
        restore: name of the restoration.
        sources: how many source persons went into it.
        upscale: name of what enlarged the whole picture.
    """

    method: str
    restore: str = "none"
    sources: int = 1
    upscale: str = "none"

    @property
    def learned(self) -> bool:
        """Whether trained networks drew pixels of it."""
        return self.method != "warp" or self.restore != "none" or self.upscale != "none"

    @property
    def source_type(self) -> str:
        """IPTC's term for how it came about, a URL.

        Source: IPTC NewsCodes, Digital Source Type; C2PA 2.2, section 18.15.
        """
        return _SOURCE_TYPES + ("compositeWithTrainedAlgorithmicMedia" if self.learned else "composite")

    @property
    def message(self) -> int:
        """The watermark's message: version of the mark and number of the method."""
        return MARK_VERSION << 8 | method_codes().get(split_method(self.method)[0].split(":")[0], 0)

    def weights(self) -> list[dict[str, str]]:
        """Name and SHA-256 of the weights files that took part; without the sum where none is on record."""
        name, own = split_method(self.method)
        method = METHODS.get(name) or published_methods().get(name)
        restorer = RESTORERS.get(self.restore)
        names = [own] if own else list(method.weights) if method else []
        names += [name for name in restorer.weights if hub.find(name)][:1] if restorer else []
        names += [UPSCALERS[self.upscale].weights] if self.upscale in UPSCALERS else []
        sums = {row.name: row.sha256 for row in hub.entries()}
        return [{"name": name, **({"sha256": known} if (known := sums.get(name)) else {})} for name in names]


def method_codes() -> dict[str, int]:
    """Numbers in the watermark by method; all published swappers have one."""
    return {name: info.number for name, info in [*METHODS.items(), *FAMILIES.items()]}


def read_message(message: int) -> str:
    """What a watermark's message says, for people.

    Args:
        message: 0 to 4095.
    """
    if message >> 8 != MARK_VERSION:
        return f"by another version of Swapper (message {message:#05x})"
    name = message_method(message)
    return f"by Swapper, method {name}" if name else f"by Swapper, a method unknown here (number {message & 0xFF})"


def message_method(message: int) -> str | None:
    """Name of the method that a watermark's message says; None where it says none that is known here.

    Args:
        message: 0 to 4095.
    """
    version, code = message >> 8, message & 0xFF
    names = {number: name for name, number in method_codes().items()} if version == MARK_VERSION else {}
    return names.get(code)


def software_version() -> str:
    """Version of this software."""
    return __version__
