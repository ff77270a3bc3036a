"""What was found in a file, in plain words."""

import html
from collections.abc import Iterator

from swapper.provenance.credentials import Credentials
from swapper.provenance.origin import message_method
from swapper.registry import METHODS, find_restorer, split_method
from swapper.registry.upscalers import UPSCALERS
from swapper.types import UserError
from swapper.ui.languages import said
from swapper.video.file_check import FileCheck

Row = tuple[str, str]  # what is asked, and what was found

SWAPPED = "Faces in this file were swapped with Swapper."
CHANGED = "This file was changed after it was signed, so what it says of itself cannot be trusted."
OTHERS = "This file says how it was made. Nothing in it comes from Swapper."
NOTHING = "No sign of Swapper was found."
NO_PROOF = (
    "This does not prove that the file is genuine: marks can be removed, and other programs may leave none. "
    "It only says that nothing was found."
)
CREDENTIALS, SIGNER, PROGRAM, METHOD, RESTORATION, UPSCALER, MADE = (
    "Content credentials",
    "Signed by",
    "Program",
    "Method",
    "Restoration",
    "Upscaler",
    "How it was made",
)
WATERMARK = "Watermark"
NONE = "None"
VALID = "Valid. The file is as it was when it was signed."
INVALID = "Not valid. The file was changed after it was signed, or it is damaged."
NOT_READ = "They cannot be read on this machine."
OURS = "This app"
STRANGER = "'{name}', whom this app does not know. Anybody can choose such a name."
FOUND = "Found. Swapper wrote it, with the method {method}."
FOUND_OTHER = "Found. Swapper wrote it, with a method that is not known here."
SOURCE_TYPES = {  # IPTC's terms
    "compositeWithTrainedAlgorithmicMedia": "Parts of the picture were drawn by a trained network.",
    "composite": "Put together from several pictures, without a trained network.",
    "trainedAlgorithmicMedia": "All of the picture was drawn by a trained network.",
    "digitalCapture": "Taken with a camera.",
}


def verdict(found: FileCheck) -> str:
    """The finding in one sentence.

    Args:
        found: in the file.
    """
    credentials = found.credentials
    if found.mark is not None or (credentials is not None and credentials.valid and credentials.swap):
        return SWAPPED
    if credentials is None:
        return NOTHING
    return OTHERS if credentials.valid else CHANGED


def rows(found: FileCheck) -> list[Row]:
    """What was looked for, and what was found.

    Args:
        found: in the file.
    """
    return [*_credential_rows(found.credentials, found.problem), (WATERMARK, _watermark(found))]


def finding(found: FileCheck, name: str) -> str:
    """HTML with the verdict and everything it rests on, in the visitor's language.

    Args:
        found: in the file.
        name: of the file.
    """
    head = verdict(found)
    kind = {SWAPPED: "swapped", CHANGED: "changed"}.get(head, "nothing")
    listed = "".join(
        f"<div><dt>{html.escape(said(asked))}</dt><dd>{html.escape(said(answer))}</dd></div>"
        for asked, answer in rows(found)
    )
    doubt = f'<p class="hint">{html.escape(said(NO_PROOF))}</p>' if kind == "nothing" else ""
    return (
        f'<div class="finding {kind}"><p class="file">{html.escape(name)}</p>'
        f'<p class="verdict">{html.escape(said(head))}</p><dl>{listed}</dl>{doubt}</div>'
    )


def _credential_rows(credentials: Credentials | None, problem: UserError | None) -> Iterator[Row]:
    if credentials is None:
        yield CREDENTIALS, NOT_READ if problem else NONE
        return
    yield CREDENTIALS, VALID if credentials.valid else INVALID
    if not credentials.valid:  # whatever else it says may be made up
        return
    yield SIGNER, OURS if credentials.ours else STRANGER.format(name=credentials.signer)
    if credentials.software:
        yield PROGRAM, credentials.software
    swap = credentials.swap
    if isinstance(swap.get("method"), str):
        yield METHOD, _method(swap["method"])
    if isinstance(swap.get("restoration"), str):
        yield RESTORATION, _restoration(swap["restoration"])
    if isinstance(name := swap.get("upscaler"), str):
        yield UPSCALER, UPSCALERS[name].label if name in UPSCALERS else name
    if credentials.source_type:
        yield MADE, SOURCE_TYPES.get(credentials.source_type, credentials.source_type)


def _watermark(found: FileCheck) -> str:
    if found.mark is None:
        return NONE
    method = message_method(found.mark.message)
    return FOUND_OTHER if method is None else FOUND.format(method=_method(method))


def _method(name: str) -> str:
    """A method's label; a file can name anything, so its own word where nothing here is called so."""
    info = METHODS.get(split_method(name)[0])
    return info.label if info else name


def _restoration(name: str) -> str:
    try:
        info = find_restorer(name)
    except UserError:
        return name
    return info.label if info else NONE
