"""``FaceSwapper``: photographs and videos in, swapped ones out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event

import numpy as np
from jaxtyping import UInt8

from swapper.compose.paint import Paint
from swapper.compose.settings import BlendSettings
from swapper.face_swap.networks import ImageSource, Source, SwapNetworks, named
from swapper.face_swap.picture import FrameSwapper
from swapper.faces.select import select_faces
from swapper.images import Still, read_still
from swapper.methods.base import check_identity
from swapper.photo import enlarge_result, swap_photo
from swapper.provenance.settings import MarkSettings
from swapper.runtime.limits import Limits
from swapper.runtime.timing import StepTimer
from swapper.types import Face, Identity, SwapResult, UserError
from swapper.video.casting import Role
from swapper.video.job import VideoProgress, VideoResult, VideoSettings
from swapper.video.request import swap_video


class FaceSwapper(SwapNetworks):
    """Swaps faces with one method. It holds the networks: create it once and reuse it.

    Where nobody chooses, photos and videos have a method and a restoration of their own, the same as in the app and on
    the command line: ``methods.base.default_method`` and ``restore.default.default_restorer`` name them.

    On a CPU under Linux it is faster, up to twice, in a program that has called ``swapper.runtime.memory``'s
    ``keep_freed_memory`` before. The app and the command line have; here it is left to the program, which it changes.

    Example:
        >>> swapper = FaceSwapper(method="warp", device="cpu")  # doctest: +SKIP
        >>> result = swapper.swap_image("source.jpg", "target.jpg")  # doctest: +SKIP
        >>> result.image.shape  # doctest: +SKIP
        (720, 1280, 3)
    """

    def swap_image(
        self,
        source: Source,
        target: ImageSource,
        select: str | int = "all",
        *,
        blend: BlendSettings | None = None,
        upscale: str = "none",
    ) -> SwapResult:
        """Put the source person's face on faces of a target photo.

        Args:
            source: one or several photos of one person, or the identity made of them.
            target: path, PIL image or HxWx3 uint8 RGB array.
            select: ``all``, ``largest``, or a face's number counted from the largest, 0 first.
            blend: how the faces are blended in; as chosen when the swapper was made when None.
            upscale: enlarges the whole result, one of ``registry.upscalers.upscaler_choices()``.

        Raises:
            UserError: a photo cannot be read or shows no face, the selected face does not exist, or the upscaler is
                not there or would make too large a picture.
        """
        timer, upscaler = StepTimer(), self.upscaler(upscale)
        with timer.step("decode"):
            still = read_still(target)
        if upscaler is not None:
            upscaler.check(*still.image.shape[:2])
        faces = self.find_faces(still.image, timer)
        if not faces:
            raise UserError(f"Target {named(target)}: no face was found. Choose a photo in which a face is larger.")
        chosen = select_faces(faces, select)
        with timer.step("identify"):
            identity = source if isinstance(source, Identity) else self.identify(source)
        return self.swap_faces(still, faces, dict.fromkeys(chosen, identity), timer, blend, upscale=upscale)

    def swap_faces(
        self,
        image: UInt8[np.ndarray, "h w 3"] | Still,
        faces: list[Face],
        assignment: Mapping[int, Identity],
        timer: StepTimer | None = None,
        blend: BlendSettings | None = None,
        paint: Paint | None = None,
        upscale: str = "none",
    ) -> SwapResult:
        """Swap chosen faces of an image, each to its own identity; other faces are left unchanged.

        Args:
            image: RGB, or a picture with what lies under its transparent parts; not modified.
            faces: from ``find_faces``.
            assignment: identity by index into ``faces``.
            timer: continues an earlier measurement.
            blend: how the faces are blended in; as chosen when the swapper was made when None.
            paint: where the user wants the new face, or the target to stay.
            upscale: enlarges the whole result, one of ``registry.upscalers.upscaler_choices()``.

        Raises:
            UserError: an identity of another method, or of other weights; or the upscaler is not there or would make
                too large a picture.
        """
        still, upscaler = image if isinstance(image, Still) else Still(image), self.upscaler(upscale)
        if upscaler is not None:
            upscaler.check(*still.image.shape[:2])
        frames = FrameSwapper(
            self.method, self.landmarks, self.device, self.restorer, blend or self.blend, self.occlusion
        )
        for identity in assignment.values():
            check_identity(self.method, identity)
        timer = timer or StepTimer()
        result = swap_photo(frames, still, faces, assignment, timer, paint)
        return result if upscaler is None else enlarge_result(upscaler, result, timer)

    def swap_video(
        self,
        source: Source | None,
        target: str | Path,
        output: str | Path,
        progress: Callable[[VideoProgress], object] | None = None,
        *,
        select: str | int = "all",
        people: Sequence[tuple[Source, ImageSource] | Role] = (),
        blend: BlendSettings | None = None,
        settings: VideoSettings | None = None,
        limits: Limits | None = None,
        marks: MarkSettings | None = None,
        cancel: Event | None = None,
    ) -> VideoResult:
        """Put the source person's face on faces of a video; a job that was stopped resumes where it was.

        Args:
            source: one or several photos of one person, or their identity; None where only ``people`` count.
            target: the video, in any format FFmpeg reads.
            output: file to write: .mp4, .m4v, .mov, .mkv or .webm, or an animated .gif, .webp, .apng or .avif.
            progress: called after every frame with a ``VideoProgress``.
            select: ``all``, ``largest``, or a number counted from the largest face, 0 first, followed by identity.
            people: pairs of source photos and a reference photo: whoever resembles the reference becomes the source.
                Roles where both have been measured already.
            blend: how the faces are blended in; as chosen when the swapper was made when None.
            settings: trim, quality and steadiness.
            limits: what is allowed on this machine; no limits when None.
            marks: how the result says that it was swapped; those of the environment when None.
            cancel: set it from another thread to end the job; nothing is left of it then.

        Raises:
            UserError: a photo or the video cannot be used, the output cannot be written, or the job was cancelled.
        """
        return swap_video(
            self,
            source,
            target,
            output,
            select=select,
            people=people,
            blend=blend,
            settings=settings,
            limits=limits,
            marks=marks,
            progress=progress,
            cancel=cancel,
        )
