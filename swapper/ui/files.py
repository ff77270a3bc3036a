"""Files between browser and handlers: uploads in, pictures out, and errors as sentences."""

import base64
import binascii
import contextlib
import html
import re
import shutil
import time
import uuid
from collections.abc import Callable, Container, Iterable, Iterator
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from threading import Event, Thread
from typing import Any, ParamSpec, TypeVar
from urllib.parse import unquote

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder
from jaxtyping import UInt8

from swapper.images import write_image
from swapper.provenance import Origin, write_marked_image
from swapper.runtime.limits import Limits
from swapper.studies.previews import shrink
from swapper.types import UserError
from swapper.ui.content_check import check_content
from swapper.ui.trial import try_decoding

PREVIEW_SIDE = 2048  # px; larger pictures are shown reduced, and downloaded whole
NOT_UPLOADED = (
    "Photo: this is not an uploaded file. "
    "Send it with gradio_client.handle_file(path), or as a data: address in base64."
)
TOO_LARGE = (
    "File '{name}': it has {found:.1f} MB, more than the limit of {most:g} MB. Make it smaller, or set {setting}."
)
TOO_MANY = "Files: {found} are more than the {most} that this app takes here at once. Leave some out."

_SERVED = re.compile(r"https?://[^?#]+?/gradio_api/file=([^?#]+)", re.IGNORECASE)
_DATA = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)

Limit = tuple[int, str]  # bytes, and the setting that says so

P = ParamSpec("P")
R = TypeVar("R")

_made: ContextVar[list[Path] | None] = ContextVar("folders of the work at hand", default=None)


def upload_paths(payload: Any, most: int | None = None, files: int | None = None) -> list[str]:
    """Where uploaded files lie, from what a component or an endpoint receives without preprocessing.

    Args:
        payload: None, one file, or a list of files, of gallery items, or of what tools of language models send in
            their place: ``data:`` addresses, or the app's own addresses of files that were uploaded before.
        most: bytes of a video; None for pictures, of as many bytes as a picture may have on this machine.
        files: how many there may be; any number when None.

    Raises:
        UserError: something else, a file that is not among the app's uploads, one that is too large, one whose
            decoding takes too much, one that the content check refuses, or too many of them.
    """
    pictures = Limits.from_environment().max_upload_bytes, "SWAPPER_MAX_UPLOAD_BYTES"
    limit = pictures if most is None else (most, "SWAPPER_MAX_VIDEO_BYTES")
    found = _all_checked(payload, limit, files)
    for path in found:
        try_decoding(path, video=most is not None)
        check_content(path, video=most is not None)
    return found


def upload_files(payload: Any, most: int, files: int) -> list[str]:
    """Where uploaded files of any kind lie; whoever reads pictures from them has the content check look at those.

    Args:
        payload: as of ``upload_paths``.
        most: bytes of one file.
        files: how many there may be.

    Raises:
        UserError: something else, a file that is not among the app's uploads, one that is too large, or too many.
    """
    return _all_checked(payload, (most, "SWAPPER_MAX_VIDEO_BYTES"), files)


def _all_checked(payload: Any, limit: Limit, files: int | None) -> list[str]:
    items = payload if isinstance(payload, list) else [] if payload is None or payload == "" else [payload]
    if files is not None and len(items) > files:
        raise UserError(TOO_MANY.format(found=len(items), most=files))
    return [_checked(item, limit) for item in items]


def upload_path(payload: Any, missing: str, most: int | None = None) -> str:
    """Where the one uploaded file lies.

    Args:
        payload: as of ``upload_paths``.
        missing: what is said where there is none.
        most: as of ``upload_paths``.

    Raises:
        UserError: there is none, there are several, or ``upload_paths`` refuses it.
    """
    paths = upload_paths(payload, most, files=1)
    if not paths:
        raise UserError(missing)
    return paths[0]


def _checked(item: Any, limit: Limit) -> str:
    """A file's path; whoever calls an endpoint by hand can claim any path, so it must lie among the uploads."""
    if isinstance(item, str):
        item = {"path": uploaded_path(item) or _decoded(item, limit)}
    file = (item.get("image") or item.get("video") or item) if isinstance(item, dict) else {}
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or not _is_upload(path):
        raise UserError(NOT_UPLOADED)
    _limit(Path(path).name, Path(path).stat().st_size if Path(path).is_file() else 0, limit)
    return path


def _is_upload(path: str) -> bool:
    try:
        inside = Path(path).resolve()
        return inside.is_relative_to(_uploads()) and (inside.is_file() or not inside.exists())
    except (OSError, ValueError):  # letters that no file system takes, or too many of them
        return False


def uploaded_path(address: str) -> str | None:
    """Where an uploaded file lies that is named by the address at which this app serves it; nothing is fetched.

    Args:
        address: any; None is returned for those of anything else.
    """
    found = _SERVED.match(address)
    path = unquote(found[1]) if found else ""
    return path if path and _is_upload(path) else None


def _decoded(address: str, limit: Limit) -> str:
    """Write the file that is inside a ``data:`` address; it gets no suffix, so that it is served as nothing else."""
    head = _DATA.match(address)
    if head is None:
        raise UserError(NOT_UPLOADED)
    text = address[head.end() :]
    _limit("photo", len(text) * 3 // 4, limit)
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise UserError(NOT_UPLOADED) from error
    path = new_folder() / "photo"
    path.write_bytes(data)
    return str(path)


def _limit(name: str, size: int, limit: Limit) -> None:
    most, setting = limit
    if size > most:
        said = TOO_LARGE.format(name=name, found=size / 2**20, most=round(most / 2**20, 1), setting=setting)
        raise UserError(said)


def _uploads() -> Path:
    return Path(get_upload_folder()).resolve()


def new_folder() -> Path:
    """A new folder nobody can guess among the app's temporary files, which Gradio serves."""
    folder = _uploads() / uuid.uuid4().hex
    folder.mkdir(parents=True)
    made = _made.get()
    if made is not None:
        made.append(folder)
    return folder


@contextlib.contextmanager
def nothing_left_on_failure() -> Iterator[None]:
    """Remove the folders that ``new_folder`` made in the body of a ``with`` statement if that ends in an exception."""
    folders: list[Path] = []
    outer = _made.set(folders)
    try:
        yield
    except BaseException:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        _made.reset(outer)


def delete_leftovers(older_than: float, kept: Container[str] = ()) -> None:
    """Delete old files among the app's temporary ones, and the folders that this leaves empty.

    Gradio's own sweep leaves out what endpoints answered, and ends for good at the first path that it cannot delete,
    which any caller can name.

    Args:
        older_than: seconds since the file was written.
        kept: paths that stay, the examples' copies.
    """
    for file in sorted(_uploads().rglob("*"), reverse=True):  # files before the folders they are in
        with contextlib.suppress(OSError):  # somebody else deleted it, or the folder is not empty
            if str(file) not in kept and time.time() - file.lstat().st_ctime > older_than:
                file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()


def keep_deleting(app: gr.Blocks, every: float, stop: Event, older_than: float) -> Thread:
    """Delete leftovers from time to time, whether or not anybody visits.

    Args:
        app: whose examples stay.
        every: seconds.
        stop: ends it.
        older_than: seconds.

    Returns:
        The thread that does it; it does not keep the process alive.
    """
    kept = {path for block in app.blocks.values() for path in getattr(block, "keep_in_cache", ())}

    def sweep() -> None:
        while not stop.wait(every):
            delete_leftovers(older_than, kept)

    thread = Thread(target=sweep, name="sweeper", daemon=True)
    thread.start()
    return thread


def result_name(target: str, suffix: str) -> str:
    """File name of a result, from the target's path.

    Args:
        target: the target's path.
        suffix: with its dot.
    """
    stem = re.sub(r"[^\w.-]+", "_", Path(target).stem).strip("._")[:60]
    return f"{stem or 'image'}-swapped{suffix}"


def write_preview(image: UInt8[np.ndarray, "h w 3"], path: Path, origin: Origin | None = None) -> str:
    """Write a picture for showing, reduced to ``PREVIEW_SIDE``.

    Args:
        image: RGB.
        path: of the file to write.
        origin: what made the picture; None for one that Swapper did not change.

    Returns:
        The path.
    """
    shown = shrink(image, PREVIEW_SIDE)
    if origin is None:
        return str(write_image(shown, path, quality=90))
    return str(write_marked_image(shown, path, origin, quality=90).path)


def write_thumbnails(images: Iterable[UInt8[np.ndarray, "h w 3"]], name: str) -> list[str]:
    """Write small pictures into a new folder; returns their paths.

    Args:
        images: RGB.
        name: before the number in the files' names.
    """
    folder = new_folder()
    return [str(write_image(image, folder / f"{name}-{i}.jpg", quality=88)) for i, image in enumerate(images, 1)]


def plain_sentence(said: UserError | str) -> str:
    """An error's or a warning's message without the server's folders and safe to show in a page."""
    folder = re.escape(str(_uploads()))
    return html.escape(re.sub(rf"{folder}/(?:\w+/)*", "", str(said)), quote=False)


def raises_sentences(handler: Callable[P, R]) -> Callable[P, R]:
    """Make an endpoint report a ``UserError`` as a sentence."""

    @wraps(handler)
    def reported(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except UserError as error:
            raise gr.Error(plain_sentence(error), print_exception=False) from error

    return reported
