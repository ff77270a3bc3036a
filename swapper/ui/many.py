"""Several uploads that are worked on one after another."""

from pathlib import Path
from typing import Any

from swapper.types import UserError
from swapper.ui.files import TOO_MANY
from swapper.ui.languages import said
from swapper.ui.progress import ReportProgress


def listed(payload: Any, most: int) -> list[Any]:
    """Uploads as the page sends them, each still to be looked at.

    Args:
        payload: value of a gallery or of a list of files.
        most: how many there may be.

    Raises:
        UserError: there are more.
    """
    items = payload if isinstance(payload, list) else []
    if len(items) > most:
        raise UserError(TOO_MANY.format(found=len(items), most=most))
    return items


def upload_name(item: Any) -> str:
    """The name that a visitor knows an upload by.

    Args:
        item: as the page sends it.
    """
    inner = item.get("image") or item.get("video") or item if isinstance(item, dict) else {}
    inner = inner if isinstance(inner, dict) else {}
    return Path(str(inner.get("orig_name") or inner.get("path") or "file")).name


def named(name: str, sentence: UserError | str) -> str:
    """A sentence about one of several uploads, in the visitor's language.

    Args:
        name: of the upload.
        sentence: may name it already.
    """
    words = said(str(sentence))
    return words if name in words else f"{name}: {words}"


def part_of(tell: ReportProgress, number: int, count: int, words: str) -> ReportProgress:
    """What tells where one of several pieces of work is.

    Args:
        tell: is told where all of it is.
        number: of the piece, 0 first.
        count: pieces.
        words: sentence with ``{number}``, ``{count}`` and ``{what}``.
    """

    def told(share: float, what: str) -> None:
        tell((number + share) / count, said(words.format(number=number + 1, count=count, what=what)))

    return told
