"""The settings that a run was begun with, kept in its folder, and whether it is gone on with the same ones."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.loop.checkpoint import has_checkpoint

_FILE = "config.json"
_SHOWN = 3  # differences named in the message
# What a run may be gone on with in another way: where and how fast it runs, and what it writes down.
_FREE = ("out", "device", "compile", "channels_last", "time_budget", "save_every", "log_every")
_FREE += ("sample_every", "evaluate_every", "keep_every", "start", "kimg", "batch")  # the last two are the recipe's


def begin_run(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write down the settings of a new run.

    Args:
        folder: of the run; made when missing.
        settings: ``system``, ``preset``, ``recipe`` and ``loop``.

    Raises:
        UserError: the folder holds the checkpoint of another run, or another program's settings.
    """
    if has_checkpoint(folder):
        raise UserError(f"Run '{folder}': it has begun already. Add --resume to go on with it, or give a new folder.")
    if (folder / _FILE).exists() and not _is_record(folder / _FILE):
        raise UserError(f"Run '{folder}': its {_FILE} is not a run's. Give a new folder.")
    _write(folder, settings)


def resume_run(folder: Path, settings: Mapping[str, Any], named: Collection[str]) -> list[str]:
    """Make sure that a run goes on as it was begun, but for what the user changes by name; write that down.

    Args:
        folder: of the run.
        settings: as of ``begin_run``, those to go on with.
        named: settings of the recipe that were given on the command line.

    Returns:
        Sentences on what changes.

    Raises:
        UserError: something differs that was not named, or the run's settings cannot be read.
    """
    path = folder / _FILE
    if not path.exists():
        _write(folder, settings)
        return []
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
        before, now = _flat(begun), _flat(json.loads(_text(settings)))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"Run settings '{path}': they cannot be read ({error}). Restore them from a copy.") from error
    changed = {key: (before[key], now[key]) for key in now if key in before and before[key] != now[key]}
    silent = {key: pair for key, pair in changed.items() if key not in named}
    if silent:
        shown = "; ".join(f"{key} was {old!r}, now {new!r}" for key, (old, new) in list(silent.items())[:_SHOWN])
        more = f"; and {len(silent) - _SHOWN} more" if len(silent) > _SHOWN else ""
        raise UserError(
            f"Run '{folder}': it was begun with other settings ({shown}{more}). Give the same, or name what is to "
            "change, such as --set NAME=VALUE."
        )
    if changed:  # what it was begun with stays, beside what it goes on with
        earlier = [*begun.pop("earlier", []), begun]
        _write(folder, {**settings, "earlier": earlier})
    return [f"{key} changes from {old!r} to {new!r}" for key, (old, new) in changed.items()]


def _is_record(path: Path) -> bool:
    try:
        return "recipe" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that decides what is trained, by name."""
    recipe, loop = settings.get("recipe", {}), settings.get("loop", {})
    free = {key: value for key, value in loop.items() if key not in _FREE}
    return {"system": settings.get("system"), **free, **recipe}


def _text(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, default=str, indent=1)


def _write(folder: Path, settings: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / _FILE) as fresh:
        fresh.write_text(_text(settings), encoding="utf-8")
