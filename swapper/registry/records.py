"""The records of the registry: what is said about one system; they name code, and import it on first use."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


def named(what: Any) -> Any:
    """What a name such as ``swapper.models.ghost:AEINet`` names; whatever is no string is the thing itself."""
    if not isinstance(what, str):
        return what
    module, _, name = what.partition(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class MethodInfo:
    """A way to swap faces.

    Attributes:
        cls: its class, called as ``cls(device=...)``.
        label: shown to users.
        sentence: one sentence for users about what it is good at.
        number: in the watermark, 1 to 255; a number once given is never given to another method.
        weights: names in the manifest of the files it loads, its own network first.
        threaded: the class also takes ``threads``, the CPU threads of its networks.
        quick: made for moving pictures.
        space: where it interpolates between two people: ``arcface``, ``smooth``, or ``own`` for features that no
            identity network gives; empty where it cannot.
        members: the published swappers it stands for, each chosen as ``SYSTEM:MEMBER``: a dictionary of records that
            say their ``weights`` and ``space``; empty where it is one method.
        leading: those of its members that photos are swapped with, unless another is chosen, where their weights are
            on the machine; the best first.
    """

    cls: Any
    label: str
    sentence: str
    number: int
    weights: tuple[str, ...] = ()
    threaded: bool = False
    quick: bool = False
    space: str = ""
    members: Any = ""
    leading: tuple[str, ...] = ()


@dataclass(frozen=True)
class RestorerInfo:
    """A way to sharpen swapped faces.

    Attributes:
        cls: its class, called as ``cls(device=...)``.
        label: shown to users.
        weights: names in the manifest of files, any of which is enough, the user's own first.
        member: which of the networks that its class runs, given to it as ``member``; empty where it runs one.
    """

    cls: Any
    label: str
    weights: tuple[str, ...]
    member: str = ""

    def made(self, restorer: object) -> bool:
        """Whether a restorer is of this kind."""
        name = self.cls.partition(":")[2] if isinstance(self.cls, str) else self.cls.__name__
        return type(restorer).__name__ == name and self.member in (
            "",
            getattr(getattr(restorer, "record", None), "name", ""),
        )


@dataclass(frozen=True)
class NetworkInfo:
    """A network in every size it comes in, with the figures its authors published.

    Attributes:
        name: in tables and benchmarks.
        cls: its class, built as ``cls(config)``.
        example: makes example inputs at the native resolution from a configuration and a batch size.
        sizes: configuration by preset, or the name of what makes it in the class's ``Config``.
        params: parameters of the official code at paper size; None where nobody published the network.
        macs: multiply-accumulates of its convolutions and matrix products at batch 1, paper size.
        source: what was published, and where.
        weights: name in the manifest of the file that is trained here, of its card and of its repository; empty where
            none is.
        space: what its embeddings are called where people are told apart by them; empty where they are not.
    """

    name: str
    cls: Any
    example: Any
    sizes: Mapping[str, Any] = field(default_factory=lambda: {"paper": "paper", "lite": "lite"})
    params: int | None = None
    macs: float | None = None
    source: str = ""
    weights: str = ""
    space: str = ""

    @property
    def network(self) -> Any:
        """The class itself."""
        return named(self.cls)

    @property
    def class_name(self) -> str:
        """Name of the class, which is not imported for it."""
        return self.cls.partition(":")[2] if isinstance(self.cls, str) else self.cls.__name__

    def presets(self) -> dict[str, Any]:
        """Return the configurations by preset name."""
        return {
            preset: getattr(self.network.Config, size)() if isinstance(size, str) else size
            for preset, size in self.sizes.items()
        }

    def inputs(self, config: Any, batch: int) -> tuple[Any, ...]:
        """Example inputs.

        Args:
            config: of the class.
            batch: how many.
        """
        return named(self.example)(config, batch)


@dataclass(frozen=True)
class TrainerInfo:
    """What ``python -m trainers COMMAND`` trains.

    Attributes:
        command: its name on the command line.
        cls: the trainer's class; ``trainers`` imports it, this package never does.
        mode: ``--mode`` of the command that means it; empty for the one that is meant without.
    """

    command: str
    cls: str
    mode: str = ""


@dataclass(frozen=True)
class System:
    """Everything there is of one system: the one place where its parts are named.

    Attributes:
        name: users choose it by this name.
        method: how it swaps faces; None where it does not.
        restorer: how it sharpens faces; None where it does not.
        networks: the networks that belong to it.
        trainers: what trains them.
        converters: where the kinds of official checkpoints are described (``convert.systems.OfficialCheckpoint``), by
            the name that ``weights convert`` takes.
    """

    name: str
    method: MethodInfo | None = None
    restorer: RestorerInfo | None = None
    networks: tuple[NetworkInfo, ...] = ()
    trainers: tuple[TrainerInfo, ...] = ()
    converters: Mapping[str, Any] = field(default_factory=dict)


class Listing(Mapping[K, V]):
    """One part of every system by name, read from the table anew each time."""

    def __init__(self, systems: Mapping[str, System], part: Callable[[System], Iterable[tuple[K, V]]]):
        """List a part.

        Args:
            systems: the table.
            part: name and value of what a system has of it.
        """
        self._systems, self._part = systems, part

    def _all(self) -> dict[K, V]:
        return dict(pair for system in self._systems.values() for pair in self._part(system))

    def __getitem__(self, name: K) -> V:
        return self._all()[name]

    def __iter__(self) -> Iterator[K]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())
