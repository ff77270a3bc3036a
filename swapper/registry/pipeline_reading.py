"""Reading what a weights file says that a swap with it needs."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from swapper.errors import UserError
from swapper.registry.pipelines import (
    FITS,
    KEY,
    POSED,
    PUBLISHED,
    SHRINKS,
    TRAINED,
    Alignment,
    IdentityNeeds,
    SwapPipeline,
)

_MOST = 4096  # px
_NAME = re.compile(r"\w[\w.-]{0,99}")  # of a file without its ending


def read_pipeline(said: Mapping[str, str], system: str, file: str, size: int) -> SwapPipeline:
    """What a weights file needs.

    Args:
        said: its metadata.
        system: name of the method that is to use it.
        file: named in messages.
        size: of the crops in pixels, where it names a template and no size: the network's own.

    Raises:
        UserError: it does not say, is of another system, or says what this version cannot do.
    """
    if KEY in said:
        try:
            pipeline = _from_json(json.loads(said[KEY]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{file}: its pipeline cannot be read ({error!r}). {_AGAIN.format(system)}") from error
    elif "template" in said and said.get("size", str(size)).isdigit():
        pipeline = TRAINED[system].cut(said["template"], int(said.get("size", size)))
    else:
        raise UserError(f"{file}: it does not say which crops its network takes. {_AGAIN.format(system)}")
    if pipeline.system != system:
        raise UserError(
            f"{file}: it contains weights of '{pipeline.system}', not of '{system}'. Choose that method, or another "
            "file."
        )
    _check(pipeline, file)
    return pipeline


_AGAIN = "Convert the official checkpoint again with 'python -m swapper weights convert {} FILE'."


def _check(pipeline: SwapPipeline, file: str) -> None:
    """Refuse what this version cannot do, so that nothing is swapped by a guess."""
    identity, usual = pipeline.identity, PUBLISHED[pipeline.system]
    cuts = [pipeline.alignment, *([identity.alignment] if identity else [])]
    networks = _identity_networks(pipeline.system)
    said = {
        "colour order": (pipeline.colours, ("rgb",)),
        "mask": (pipeline.mask, (usual.mask,)),
        "fit": (next((cut.fit for cut in cuts if cut.fit not in FITS), "fixed"), tuple(FITS)),
        "template of five poses": (
            next((cut.template for cut in cuts if cut.fit == "poses" and cut.template != POSED), POSED),
            (POSED,),
        ),
        "scaling": (identity.shrink if identity else "", tuple(SHRINKS)),
        "identity network": (identity.network if identity else "none", networks),
    }
    for what, (value, known) in said.items():
        if value not in known:
            names = ", ".join(f"'{name}'" for name in known)
            raise UserError(f"{file}: its {what} is '{value}', and this version knows {names}. Use another file.")
    sides = [*(cut.size for cut in cuts), *([identity.side] if identity else [])]
    wrong = [side for side in sides if not 1 <= side <= _MOST]
    if wrong:
        raise UserError(f"{file}: its crops are {wrong[0]} pixels wide. Use another file.")
    usual_side = None if identity is None else next(one.side for one in _known() if one.network == identity.network)
    if identity is not None and identity.side != usual_side:
        raise UserError(
            f"{file}: its identity network is given {identity.side} pixels, and {identity.network} takes {usual_side}. "
            "Use another file."
        )


def _identity_networks(system: str) -> tuple[str, ...]:
    """The classes of the identity networks that a system's weights are trained with."""
    needs = [table[system].identity for table in (PUBLISHED, TRAINED)]
    return tuple(dict.fromkeys("none" if one is None else one.network for one in needs))


def _known() -> list[IdentityNeeds]:
    """The identity networks that this version knows."""
    needs = [one.identity for table in (PUBLISHED, TRAINED) for one in table.values()]
    return [one for one in needs if one is not None]


def _command(identity: IdentityNeeds) -> str:
    """How its file is made, in this version's words: what a file says would be a stranger's command."""
    known = sorted(_known(), key=lambda one: (one.weights != identity.weights, one.network != identity.network))[0]
    return known.made_by.replace(f"{known.weights}.safetensors", f"{identity.weights}.safetensors")


def _from_json(values: Mapping[str, Any]) -> SwapPipeline:
    known = {field.name for field in fields(SwapPipeline)}
    if set(values) - known:
        raise ValueError(f"unknown entry {min(set(values) - known)}")
    identity = values["identity"]
    if identity is not None:
        identity = IdentityNeeds(
            **{**identity, "alignment": _alignment(identity["alignment"]), "blocks": tuple(identity["blocks"])}
        )
        if not (isinstance(identity.side, int) and isinstance(identity.unit, bool)):
            raise TypeError(f"identity network of {identity.side!r} pixels, unit length {identity.unit!r}")
        if not _NAME.fullmatch(identity.weights):
            raise ValueError(f"identity network in the file {identity.weights!r}")
        identity = replace(identity, made_by=_command(identity))
    return SwapPipeline(**{**values, "alignment": _alignment(values["alignment"]), "identity": identity})


def _alignment(values: Mapping[str, Any]) -> Alignment:
    cut = Alignment(**values)
    if not (isinstance(cut.template, str) and isinstance(cut.size, int)):
        raise TypeError(f"crop of {cut.template!r}, {cut.size!r}")
    return cut
