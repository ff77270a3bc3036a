"""Downloading one file of the Hub into its client's own cache, and saying plainly what is wrong where that fails."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from huggingface_hub import HfFileMetadata, constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,  # pyright: ignore[reportPrivateImportUsage] (its home moved between versions of the client)
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, get_token, tqdm

from swapper.errors import UserError
from swapper.hub.manifest import WeightEntry
from swapper.hub.transfer import ANSWER, DownloadStopped, Remote, Tell, carry_over, within
from swapper.runtime.limits import Limits
from swapper.runtime.proxies import settle_proxies

# What goes wrong; whatever is raised here, ``reason`` has words for it.
FAILURES = (OSError, HTTPError, DownloadStopped)
_NAME = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._-]{0,127}")  # of a file or folder, made of what a Hub answers
_ASKED_AGAIN = (408, 429, 500, 502, 503, 504)
_QUIET_EVERY = 10.0  # seconds between two states of the bar where nobody watches a terminal


@dataclass(frozen=True)
class Access:
    """How the Hub is asked.

    Attributes:
        token: of the Hub; as its client finds it when None.
        cache_dir: where downloads are kept; where the Hub's client keeps them when None.
        again: download a file even if it is in the cache.
    """

    token: str | bool | None = None
    cache_dir: Path | None = None
    again: bool = False


_USUAL = Access()


def download(row: WeightEntry, access: Access = _USUAL, limits: Limits | None = None) -> Path:
    """Download a file; the bytes of an earlier attempt are kept and the rest is added.

    Args:
        row: of the manifest, or one made for another repository.
        access: how the Hub is asked.
        limits: of time and speed; those of the environment when None.

    Returns:
        Its path in the Hub client's cache.

    Raises:
        UserError: the file is of another size than the manifest says, or a proxy cannot be used.
        OSError, HTTPError, DownloadStopped: for ``reason``.
    """
    limits = limits or Limits.from_environment()
    settle_proxies()
    url = hf_hub_url(row.repo_id, row.file, revision=row.revision)
    found = _metadata(url, access.token)
    if not _plain(found.etag) or not _plain(found.commit_hash):
        raise DownloadStopped(f"the server at {constants.ENDPOINT} is not a Hub")
    if row.bytes is not None and found.size is not None and found.size != row.bytes:
        raise UserError(
            f"Weights '{row.name}': {row.file_name} was replaced on the Hub: it has {found.size} bytes there, not "
            f"{row.bytes}. Use a version of Swapper that knows the new file, or set SWAPPER_REPO to a repository that "
            "has the old one."
        )
    cache, folder = Path(access.cache_dir or constants.HF_HUB_CACHE), f"models--{row.repo_id.replace('/', '--')}"
    blob, part = (cache / folder / "blobs" / f"{found.etag}{end}" for end in ("", ".part"))
    remote = Remote(url, build_hf_headers(token=access.token), row.bytes or found.size)
    with _alone(cache / ".locks" / folder / f"{found.etag}.lock", row.file_name):
        if access.again or not blob.exists():
            blob.parent.mkdir(parents=True, exist_ok=True)
            _carry(remote, part, limits, row.file_name)
            part.replace(blob)
            if access.again:
                (cache / folder / "snapshots" / str(found.commit_hash) / row.file).unlink(missing_ok=True)
    return fetch_small(row, row.file, access)  # finds the blob, and makes the link to it that the cache wants


@contextmanager
def _alone(path: Path, name: str) -> Iterator[None]:
    """Hold the lock that the Hub's client holds, too, while it downloads a file; say so where that takes a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        print(f"{name}: another program is downloading it; waiting for that", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _carry(remote: Remote, part: Path, limits: Limits, name: str) -> None:
    try:
        with progress_bar(name) as tell:
            carry_over(remote, part, limits, tell)
    finally:
        if part.is_file() and not part.stat().st_size:
            part.unlink()


def fetch_small(row: WeightEntry, file: str, access: Access = _USUAL) -> Path:
    """A small file from the same place as another, or one that is in the cache already.

    Args:
        row: of the manifest.
        file: path in the repository.
        access: how the Hub is asked.

    Raises:
        OSError, HTTPError, DownloadStopped: for ``reason``.
    """
    options = {"revision": row.revision, "token": access.token, "cache_dir": access.cache_dir}
    return Path(within(ANSWER, lambda: hf_hub_download(row.repo_id, file, **options)))


def _plain(name: str | None) -> bool:
    return name is not None and _NAME.fullmatch(name) is not None


def _metadata(url: str, token: str | bool | None) -> HfFileMetadata:
    """What the Hub says about a file; asked again where that may help."""
    for wait in (1, 2, None):
        try:
            return within(ANSWER, lambda: get_hf_file_metadata(url, token=token))
        except HfHubHTTPError as error:
            if wait is None or error.response.status_code not in _ASKED_AGAIN:
                raise
            time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def progress_bar(name: str) -> Iterator[Tell]:
    """A bar on stderr, unless ``HF_HUB_DISABLE_PROGRESS_BARS`` forbids it; it is there before the first byte is.

    Args:
        name: stands before it.
    """
    every = 0.1 if sys.stderr.isatty() else _QUIET_EVERY
    with tqdm(desc=name, unit="B", unit_scale=True, mininterval=every, miniters=1) as bar:

        def tell(done: int, total: int | None) -> None:
            if bar.total != total:
                bar.total = total
                bar.refresh()
            bar.update(done - bar.n)

        yield tell


def reason(row: WeightEntry, error: Exception) -> tuple[str, str]:
    """Half a sentence on why a download failed, and one, without its full stop, on what to do.

    Args:
        row: of the file that cannot be downloaded.
        error: one of ``FAILURES``.
    """
    if isinstance(error, HfHubHTTPError):
        return _answer(row, error)
    if isinstance(error, DownloadStopped):
        return f"its download was stopped: {error}", "Try again (what came so far is kept)"
    if isinstance(error, OfflineModeIsEnabled):
        return "it cannot be downloaded because HF_HUB_OFFLINE is set", "Unset that variable"
    if isinstance(error, HTTPError) and "Proxy" in type(error).__name__:
        return f"the proxy does not let it through ({_first_line(error)})", "Check HTTPS_PROXY and ALL_PROXY"
    if isinstance(error, HTTPError | LocalEntryNotFoundError):
        said = f"the Hub ({constants.ENDPOINT}) does not answer ({_first_line(error)})"
        return said, "Check the connection, HF_ENDPOINT and proxies, and try again (what came so far is kept)"
    return f"the download failed ({_first_line(error)})", "Try again"


def _answer(row: WeightEntry, error: HfHubHTTPError) -> tuple[str, str]:
    """The same where the Hub answers with an error."""
    status, where = error.response.status_code, f"{row.repo_id} at revision {row.revision}"
    named = "SWAPPER_REPO" if row.repo_id == os.environ.get("SWAPPER_REPO") else "the repository's name"
    if isinstance(error, GatedRepoError):
        return f"{row.repo_id} requires its terms to be accepted first", "Accept them on its page and set HF_TOKEN"
    if status == 401 and get_token():
        return "the Hub rejects the token in HF_TOKEN (401)", "Renew that token or unset it"
    if isinstance(error, RepositoryNotFoundError):
        return f"the repository {row.repo_id} does not exist or is private ({status})", (
            f"If it is private, set HF_TOKEN; otherwise check {named}"
        )
    if isinstance(error, RevisionNotFoundError):
        return f"there is no {where} on the Hub ({status})", f"Check {named} or update Swapper"
    if isinstance(error, RemoteEntryNotFoundError):
        return f"{where} does not contain it ({status})", f"Check {named} or update Swapper"
    known = {
        401: ("the Hub asks who you are (401)", "Set HF_TOKEN"),
        403: ("the Hub does not allow it (403)", "Set HF_TOKEN to a token that may read it"),
        404: (f"the Hub ({constants.ENDPOINT}) has no such file (404)", f"Check HF_ENDPOINT and {named}"),
        407: ("the proxy asks for a name and a password (407)", "Put them into HTTPS_PROXY"),
        429: ("the Hub was asked too often (429)", "Wait some minutes, or set HF_TOKEN"),
    }
    usual = f"the Hub ({constants.ENDPOINT}) answers with error {status}", "Try again in some minutes"
    return known.get(status, usual)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
