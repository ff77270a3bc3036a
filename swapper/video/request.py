"""From what a user asks for to a video job: who becomes whom, with which networks."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import numpy as np

from swapper.compose.settings import BlendSettings
from swapper.face_swap.networks import ImageSource, Source, SwapNetworks
from swapper.face_swap.picture import FrameSwapper
from swapper.faces.coarse import CoarseDetector, PatientDetector
from swapper.faces.embed import FaceEmbedder, IdentityEmbedder
from swapper.faces.enrolled import EnrolledPeople
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.occlusion.published import load_mask
from swapper.faces.track import FaceTracker
from swapper.methods.base import alignment_of, check_identity
from swapper.provenance.origin import Origin
from swapper.provenance.settings import MarkSettings
from swapper.registry import RESTORERS
from swapper.runtime.limits import Limits
from swapper.runtime.outputs import claim_outputs
from swapper.types import Identity, UserError
from swapper.video.analyse import DETECT_EVERY
from swapper.video.casting import Casting, Role, count_sources
from swapper.video.encode import check_video_output
from swapper.video.io import VideoReader
from swapper.video.job import VideoProgress, VideoResult, VideoSettings, check_limits
from swapper.video.marks import FrameMarker
from swapper.video.swap import VideoJob


def swap_video(
    networks: SwapNetworks,
    source: Source | None,
    target: str | Path,
    output: str | Path,
    *,
    select: str | int = "all",
    people: Sequence[tuple[Source, ImageSource] | Role] = (),
    blend: BlendSettings | None = None,
    settings: VideoSettings | None = None,
    limits: Limits | None = None,
    marks: MarkSettings | None = None,
    progress: Callable[[VideoProgress], object] | None = None,
    cancel: Event | None = None,
) -> VideoResult:
    """Swap the faces of a video file.

    Args:
        networks: such as a ``FaceSwapper``; what its ``for_frames`` says swaps.
        source: photos of the person that selected faces become, or their identity; None where only ``people`` count.
        target: the video.
        output: file to write.
        select: as of ``Casting``.
        people: pairs of source photos and a reference photo; whoever resembles the reference becomes the source. Roles
            where both have been measured already.
        blend: how the faces are blended in; as the networks say when None.
        settings: of the job.
        limits: what is allowed on this machine; no limits when None.
        marks: how the result says that it was swapped; those of the environment when None.
        progress: called after every frame.
        cancel: set it to end the job.

    Raises:
        UserError: something cannot be used, or the job was cancelled.
    """
    given = [source, *(pair.identity if isinstance(pair, Role) else pair[0] for pair in people)]
    made = [who for who in given if isinstance(who, Identity)]
    networks = networks.for_frames(*made)
    for who in made:
        check_identity(networks.method, who)
    output, settings = Path(output), settings or VideoSettings()
    blend = blend or networks.blend
    check_video_output(output, settings.encoder)
    reader = VideoReader(target, limits)
    claim_outputs([output], [reader.path], overwrite=True)
    if limits is not None:
        check_limits(reader.info, settings, limits)
    if source is None and not people:
        raise UserError("No source photo was given. Give at least one photo of the source person.")
    embedder, landmarks = FaceEmbedder(networks.device), LandmarkDetector(networks.device, 1)
    occlusion = load_mask(networks.mask, networks.device, 1)
    identity = source if source is None or isinstance(source, Identity) else networks.identify(source)
    roles = [pair if isinstance(pair, Role) else measured_role(networks, *pair, embedder) for pair in people]
    marks = marks or MarkSettings.from_environment()
    job = VideoJob(
        reader,
        output,
        Casting(identity, select, roles),
        FrameSwapper(networks.method, landmarks, networks.device, networks.frame_restorer, blend, occlusion),
        lambda enrolled: make_tracker(networks, landmarks, embedder, enrolled),
        settings,
        FrameMarker(origin_of(networks, count_sources(identity, roles)), marks),
        _digest(networks, reader, identity, roles, f"{blend} {select} {marks.mark} {marks.label}"),
    )
    return job.run(progress, cancel)


def origin_of(networks: SwapNetworks, sources: int) -> Origin:
    """What the marks say of a video's swaps.

    Args:
        networks: swap.
        sources: how many source people there are.
    """
    restore = next((name for name, info in RESTORERS.items() if info.made(networks.frame_restorer)), "none")
    return Origin(networks.method_name, restore, sources)


def measured_role(
    networks: SwapNetworks,
    source: Source,
    reference: ImageSource,
    embedder: IdentityEmbedder | None = None,
) -> Role:
    """What a person in a video becomes, from photos.

    Args:
        networks: such as a ``FaceSwapper``.
        source: photos of the person that is put in, or their identity.
        reference: photo of the person in the video.
        embedder: measures the reference; the shipped one when None.

    Raises:
        UserError: a photo cannot be read or shows no face.
    """
    embedder = embedder or FaceEmbedder(networks.device)
    identity = source if isinstance(source, Identity) else networks.identify(source)
    return Role(identity, embedder.embed([networks.source_crop(reference)])[0])


def make_tracker(
    networks: SwapNetworks,
    landmarks: LandmarkDetector,
    embedder: IdentityEmbedder,
    enrolled: EnrolledPeople | None = None,
) -> FaceTracker:
    """What follows the faces of a video job; every stage has a thread of its own, so its networks take one each.

    Args:
        networks: such as a ``FaceSwapper``; its detector is used.
        landmarks: follows the faces.
        embedder: tells people apart.
        enrolled: people known from an earlier part of the video.
    """
    quick = networks.detector.quick(threads=1)
    return FaceTracker(
        CoarseDetector(quick),
        landmarks,
        embedder,
        scene_detector=PatientDetector(quick, networks.detector),
        detect_every=DETECT_EVERY,
        enrolled=enrolled,
    )


def _digest(
    networks: SwapNetworks, reader: VideoReader, identity: Identity | None, roles: Sequence[Role], how: str
) -> str:
    """Of everything the result depends on, so that a stopped job goes on only as the same job."""
    state = reader.path.stat()
    people = [role.identity for role in roles] + [identity]
    vectors = [role.reference for role in roles] + [[] if one is None else one.embedding for one in people]
    said = [reader.path.resolve(), state.st_size, state.st_mtime_ns, networks.method_name, networks.method.size]
    said += [alignment_of(networks.method), getattr(networks.method, "space", "")]
    said += [origin_of(networks, 1).restore, networks.mask, how, *[np.round(v, 3).tolist() for v in vectors]]
    return hashlib.sha256(repr(said).encode()).hexdigest()
