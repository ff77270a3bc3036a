"""Content credentials (C2PA): signing files, reading them back, noticing changes.

Source: C2PA Technical Specification 2.2, through the c2pa-python package.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swapper.provenance.certificate import Credential, known_roots, signing_credential
from swapper.provenance.origin import Origin, software_version
from swapper.provenance.settings import MarkSettings
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError

SIGNABLE = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".apng": "image/png",
    ".avif": "image/avif",
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
}
ASSERTION = "org.swapper.swap"
UNSIGNED = "{name}: it carries no content credentials, because {why}."
_UNKNOWN_SIGNER = "signingCredential.untrusted"  # the signature itself is sound


@dataclass(frozen=True)
class Credentials:
    """Content credentials that were found in a file.

    Attributes:
        valid: the signature is sound and the file is as it was signed.
        ours: signed by this installation or with the user's own certificate.
        problems: codes of what is wrong, C2PA's own words.
        signer: name in the signer's certificate; whoever made it chose that name, unless ``ours``.
        software: name and version of the program that claims to have made the file.
        source_type: IPTC term of how the content came about, empty where not stated.
        swap: what Swapper wrote about method and weights, empty in files of other programs.
    """

    valid: bool
    ours: bool
    problems: list[str]
    signer: str
    software: str
    source_type: str
    swap: dict[str, Any]


def sign_file(
    path: str | Path,
    origin: Origin,
    settings: MarkSettings | None = None,
    watermarked: bool = True,
    name: str | None = None,
) -> str | None:
    """Add content credentials to a finished file, in place; the file stays as it was if that fails.

    Args:
        path: a picture or video with a suffix of ``SIGNABLE``.
        origin: what made it.
        settings: those of the environment when None.
        watermarked: whether its pixels carry the watermark.
        name: that the file will have, for the sentence; its own when None.

    Returns:
        None, or a sentence that says why the file is not signed.
    """
    path, settings = Path(path), settings or MarkSettings.from_environment()
    name = name or path.name
    kind = SIGNABLE.get(path.suffix.lower())
    if kind is None:
        return UNSIGNED.format(name=name, why=f"files with the suffix '{path.suffix}' cannot hold them")
    try:
        from c2pa import Builder, C2paError, C2paSignerInfo, Context, Signer
    except (ImportError, OSError) as error:  # OSError: the native library is missing or of another machine
        return UNSIGNED.format(name=name, why=f"the package c2pa-python cannot be used ({error})")
    try:
        own: Credential = signing_credential(settings)
        info = C2paSignerInfo(own.algorithm, own.chain.encode(), own.key.encode(), None)
        manifest, options = _manifest(origin, kind, watermarked), _options(settings)
        with (
            whole_file(path) as fresh,
            Context.from_dict(options) as context,
            Builder(manifest, context=context) as builder,
            Signer.from_info(info) as signer,
            path.open("rb") as source,
            fresh.open("w+b") as signed,
        ):
            builder.sign(signer, kind, source, signed)
    except (C2paError, OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error  # folders of a server are nobody's business
        return UNSIGNED.format(name=name, why=f"signing failed ({said})")
    return None


def read_credentials(path: str | Path, settings: MarkSettings | None = None) -> Credentials | None:
    """The content credentials of a file; None where it has none.

    Args:
        path: any file.
        settings: tell which signers are our own; those of the environment when None.

    Raises:
        UserError: the package that reads them is missing, or the file cannot be read.
    """
    path, settings = Path(path), settings or MarkSettings.from_environment()
    try:
        from c2pa import C2paError, Context, Reader
    except (ImportError, OSError) as error:
        raise UserError(f"Content credentials: c2pa-python cannot be used ({error}). Install it again.") from error
    try:
        with Context.from_dict(_options(settings)) as context, path.open("rb") as stream:
            reader = Reader.try_create(SIGNABLE.get(path.suffix.lower()), stream, context=context)
            if reader is None:
                return None
            with reader:
                return _understood(json.loads(reader.json()))
    except C2paError as error:
        if "NotSupported" in type(error).__name__:  # not a kind of file that can hold credentials
            return None
        return Credentials(False, False, [str(error)], "", "", "", {})
    except OSError as error:
        raise UserError(f"File '{path}': it cannot be read ({error}). Check the path.") from error
    except ValueError as error:
        raise UserError(f"Signing certificate: it cannot be read ({error}). Replace or remove it.") from error


def _understood(store: dict[str, Any]) -> Credentials:
    manifest = store["manifests"][store["active_manifest"]]
    problems = [status["code"] for status in store.get("validation_status", [])]
    generator = (manifest.get("claim_generator_info") or [{}])[0]
    assertions = {item["label"]: item.get("data") for item in manifest.get("assertions", [])}
    actions = next((data for label, data in assertions.items() if label.startswith("c2pa.actions")), None) or {}
    types = [action["digitalSourceType"] for action in actions.get("actions", []) if "digitalSourceType" in action]
    return Credentials(
        valid=store.get("validation_state") in ("Valid", "Trusted"),
        ours=store.get("validation_state") == "Trusted",
        problems=[problem for problem in problems if problem != _UNKNOWN_SIGNER],
        signer=manifest.get("signature_info", {}).get("common_name") or "",
        software=f"{generator.get('name', '')} {generator.get('version', '')}".strip(),
        source_type=types[-1].rsplit("/", 1)[-1] if types else "",
        swap=assertions.get(ASSERTION) or {},
    )


def _manifest(origin: Origin, kind: str, watermarked: bool) -> dict[str, Any]:
    """What is claimed. Ingredients are named by their part only: no file names, thumbnails or hashes of photos."""
    agent = {"name": "Swapper", "version": software_version()}
    media = "video" if kind.startswith("video") else "image"
    sources = [f"source{number}" for number in range(1, origin.sources + 1)]
    target = {"title": f"Target {media}", "format": kind, "relationship": "parentOf", "label": "target"}
    others = [
        {"title": "Source of a face", "format": "image/jpeg", "relationship": "componentOf", "label": label}
        for label in sources
    ]
    drawn = "drawn by trained networks" if origin.learned else "warped from a photo"
    enlarged = " A trained network enlarged the whole picture." if origin.upscale != "none" else ""
    edited = {
        "action": "c2pa.edited",
        "digitalSourceType": origin.source_type,
        "softwareAgent": agent,
        "description": f"Faces were replaced; the new ones are {drawn}.{enlarged}",
    }
    actions = [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["target"]}},
        *({"action": "c2pa.placed", "parameters": {"ingredientIds": [label]}} for label in sources),
        edited,
        *([{"action": "c2pa.watermarked.unbound", "softwareAgent": agent}] if watermarked else []),
    ]
    made = {"method": origin.method, "restoration": origin.restore, "weights": origin.weights()}
    made |= {"upscaler": origin.upscale} if origin.upscale != "none" else {}
    return {
        "claim_generator_info": [agent],
        "format": kind,
        "title": f"Swapped {media}",
        "ingredients": [target, *others],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions, "allActionsIncluded": True}},
            {"label": ASSERTION, "data": made},
        ],
    }


def _options(settings: MarkSettings) -> dict[str, Any]:
    """Nothing is fetched from the network, and no thumbnail is stored."""
    roots = known_roots(settings)
    return {
        "version": 1,
        "trust": {"user_anchors": roots} if roots else {},
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    }
