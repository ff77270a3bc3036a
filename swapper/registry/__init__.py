"""Which systems there are: one record each, from which every list, choice and error text follows.

A record names code as ``module:name`` and nothing here imports it before it is used, so this room needs no torch. How
to add a system stands in ``docs/architecture.md``: files of its own, and one record in ``swappers.py`` or
``supporting.py``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from swapper.errors import UserError
from swapper.registry.lookup import choices_and_none, look_up, look_up_or_none
from swapper.registry.masks import MASKS
from swapper.registry.records import (
    Listing,
    MethodInfo,
    NetworkInfo,
    RestorerInfo,
    System,
    TrainerInfo,
    named,
)
from swapper.registry.supporting import SUPPORTING
from swapper.registry.swappers import SWAPPERS
from swapper.registry.upscalers import UPSCALERS

__all__ = [
    "CONVERTERS",
    "FAMILIES",
    "METHODS",
    "NETWORKS",
    "RESTORERS",
    "SYSTEMS",
    "TRAINERS",
    "Listing",
    "MethodInfo",
    "NetworkInfo",
    "RestorerInfo",
    "System",
    "TrainerInfo",
    "find_method",
    "find_network",
    "find_restorer",
    "find_trainer",
    "identity_spaces",
    "leading_methods",
    "method_choices",
    "named",
    "needed_weights",
    "published_methods",
    "published_networks",
    "recommended_weights",
    "restorer_choices",
    "split_method",
    "trainer_commands",
]

SYSTEMS: dict[str, System] = {system.name: system for system in (*SWAPPERS, *SUPPORTING)}
"""The table; everything below is read from it."""

METHODS: Mapping[str, MethodInfo] = Listing(
    SYSTEMS, lambda system: [(system.name, system.method)] if system.method and not system.method.members else []
)
"""Methods by name, the recommended first."""

FAMILIES: Mapping[str, MethodInfo] = Listing(
    SYSTEMS, lambda system: [(system.name, system.method)] if system.method and system.method.members else []
)
"""Methods that stand for many published swappers, chosen as ``FAMILY:NAME``."""

RESTORERS: Mapping[str, RestorerInfo] = Listing(
    SYSTEMS, lambda system: [(system.name, system.restorer)] if system.restorer else []
)
"""Restorations by name."""

NETWORKS: Mapping[str, NetworkInfo] = Listing(SYSTEMS, lambda system: [(info.name, info) for info in system.networks])
"""Networks by name."""

TRAINERS: Mapping[tuple[str, str], TrainerInfo] = Listing(
    SYSTEMS, lambda system: [((info.command, info.mode), info) for info in system.trainers]
)
"""Trainers by command and ``--mode``."""

CONVERTERS: Mapping[str, Any] = Listing(SYSTEMS, lambda system: system.converters.items())
"""Where each kind of official checkpoint is described."""


OWN_WEIGHTS = "{method}, weights {name}"  # label of a method with a file of the user's


def method_choices(published: bool = True) -> str:
    """The methods as a sentence lists them.

    Args:
        published: with those that stand for published swappers.
    """
    return ", ".join([*METHODS, *(f"{family}:NAME" for family in FAMILIES if published)])


def published_methods() -> dict[str, MethodInfo]:
    """What is known of every swapper that others published, by ``FAMILY:NAME``."""
    return {
        f"{family}:{name}": replace(
            info, label=name, weights=record.weights, space=record.space, members="", leading=()
        )
        for family, info in FAMILIES.items()
        for name, record in named(info.members).items()
    }


def leading_methods() -> dict[str, MethodInfo]:
    """Those of ``published_methods`` that lead where their weights are on the machine, the best first."""
    published = published_methods()
    names = [f"{family}:{name}" for family, info in FAMILIES.items() for name in info.leading]
    return {name: published[name] for name in names}


def recommended_weights() -> list[str]:
    """Names of the weights that the methods that lead need: what is worth a download."""
    return list(dict.fromkeys(weights for info in leading_methods().values() for weights in info.weights))


def needed_weights(methods: Iterable[str | None] = (), others: Iterable[str | None] = ()) -> list[str]:
    """Names of the weights of the manifest that some choices load.

    Args:
        methods: names, of whom those that do not exist need nothing; None stands for a usual one.
        others: the same of restorations, masks and upscalers.
    """
    published = published_methods()
    found = [info.weights for name in methods if name and (info := published.get(name) or METHODS.get(name))]
    found += [info.weights for name in others if name and (info := RESTORERS.get(name))]
    found += [(info.weights,) for name in others if name and (info := MASKS.get(name) or UPSCALERS.get(name))]
    return list(dict.fromkeys(name for names in found for name in names))


def split_method(name: str) -> tuple[str, str]:
    """A method's own name, and the weights that it is to use, which are empty for the shipped ones.

    Args:
        name: key of ``METHODS``, ``METHOD@WEIGHTS``, or ``FAMILY:NAME``.
    """
    method, at, weights = name.partition("@")
    return (method, weights) if at and method in METHODS else (name, "")


def find_method(name: str) -> tuple[MethodInfo, str]:
    """A method's record, and which of its published swappers is meant; that is empty for one that stands for itself.

    Args:
        name: key of ``METHODS``, ``METHOD@WEIGHTS``, or ``FAMILY:NAME``.

    Raises:
        UserError: the method is unknown.
    """
    name, weights = split_method(name)
    if name in METHODS:
        info = METHODS[name]
        return replace(info, label=OWN_WEIGHTS.format(method=info.label, name=weights)) if weights else info, ""
    family, colon, member = name.partition(":")
    if colon and family in FAMILIES:
        return FAMILIES[family], member
    raise UserError(f"Unknown method '{name}'. Choose one of: {method_choices()}.")


def restorer_choices() -> list[str]:
    """Names of all restorations, ``none`` first."""
    return choices_and_none(RESTORERS)


def find_restorer(name: str) -> RestorerInfo | None:
    """A restoration; None for ``none``.

    Args:
        name: one of ``restorer_choices()``.

    Raises:
        UserError: the restoration is unknown.
    """
    return look_up_or_none(RESTORERS, name, "restoration")


def find_network(name: str) -> NetworkInfo:
    """A network.

    Args:
        name: key of ``NETWORKS``.

    Raises:
        UserError: the network is unknown.
    """
    return look_up(NETWORKS, name, "network")


def trainer_commands() -> list[str]:
    """What ``python -m trainers`` can train."""
    return list(dict.fromkeys(command for command, _ in TRAINERS))


def find_trainer(command: str, mode: str = "") -> TrainerInfo:
    """A trainer.

    Args:
        command: one of ``trainer_commands()``.
        mode: its ``--mode``; the command's own trainer has the modes that no other says are its.
    """
    return TRAINERS.get((command, mode)) or TRAINERS[command, ""]


def published_networks() -> dict[str, NetworkInfo]:
    """The networks that are trained and published here, by the name of their weights."""
    return {info.weights: info for info in NETWORKS.values() if info.weights}


def identity_spaces() -> dict[str, str]:
    """Weights of the networks that tell people apart, by what their space of identities is called."""
    return {info.space: info.weights for info in NETWORKS.values() if info.space}
