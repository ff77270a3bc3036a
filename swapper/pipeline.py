"""``FaceSwapper``: photographs in, swapped photograph out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from swapper.compose.settings import BlendSettings
from swapper.face_swap import FaceToSwap, FrameSwapper
from swapper.faces.align import cut_crop
from swapper.faces.detect import CenterFaceDetector, FaceDetector
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.occlusion.network import OcclusionDetector, OcclusionFinder
from swapper.faces.pose import head_pose
from swapper.faces.select import select_faces
from swapper.faces.track import TrackedFace
from swapper.images import read_image
from swapper.methods.base import Method, default_method, load_method
from swapper.provenance.settings import MarkSettings
from swapper.restore.base import Restorer, load_restorer
from swapper.runtime.devices import choose_device, keep_freed_memory
from swapper.runtime.limits import Limits
from swapper.runtime.timing import StepTimer
from swapper.types import Crop, Face, Identity, SwapResult, UserError
from swapper.video.casting import Role
from swapper.video.job import VideoProgress, VideoResult, VideoSettings
from swapper.video.request import swap_video

ImageSource = str | Path | Image.Image | np.ndarray
TURNED_TOO_FAR = 45.0  # degrees of yaw beyond which methods trained on portraits get weak


class FaceSwapper:
    """Swaps faces with one method; holds its networks, so make it once and use it often.

    Example:
        >>> swapper = FaceSwapper(method="warp", device="cpu")  # doctest: +SKIP
        >>> result = swapper.swap_image("source.jpg", "target.jpg")  # doctest: +SKIP
        >>> result.image.shape  # doctest: +SKIP
        (720, 1280, 3)
    """

    def __init__(
        self,
        method: str | Method | None = None,
        device: str = "auto",
        *,
        restore: str = "none",
        blend: BlendSettings | None = None,
        detector: FaceDetector | None = None,
        threads: int | None = None,
    ):
        """Load a method and the face models it needs.

        Args:
            method: a name from ``methods()``, or a method made by the caller; ``default_method()`` when None.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            restore: ``none``, ``renovation`` or ``gfpgan``.
            blend: how the swapped face is blended in.
            detector: use this face detector instead of the shipped one.
            threads: CPU threads of each network; as many as the machine has by default.

        Raises:
            UserError: an unknown name, or weights that cannot be found.
        """
        self.device = choose_device(device)
        if self.device.type == "cpu":
            keep_freed_memory()
        name = method or default_method()
        self.method = load_method(name, self.device, threads) if isinstance(name, str) else name
        self.detector = detector or CenterFaceDetector(threads=threads)
        self.landmarks = LandmarkDetector(self.device, threads)
        self.occlusion: OcclusionFinder = OcclusionDetector(self.device, threads)
        self.restorer: Restorer | None = load_restorer(restore, self.device)
        self.blend = blend or BlendSettings()

    def find_faces(self, image: UInt8[np.ndarray, "h w 3"], timer: StepTimer | None = None) -> list[Face]:
        """Find all faces of an image with their landmarks, largest first.

        Args:
            image: RGB.
            timer: collects the time of the steps ``detect`` and ``landmarks``.
        """
        timer = timer or StepTimer()
        with timer.step("detect"):
            faces = self.detector.detect(image)
        with timer.step("landmarks"):
            return self.landmarks.refine(image, faces)

    def identify(self, sources: ImageSource | Sequence[ImageSource]) -> Identity:
        """Make the identity of a source person from one or several photos; the largest face of each counts.

        Args:
            sources: paths, PIL images or HxWx3 uint8 RGB arrays, all of the same person.

        Raises:
            UserError: a photo cannot be read or shows no face.
        """
        single = isinstance(sources, str | Path | Image.Image | np.ndarray)
        photos = [sources] if single else list(sources)
        if not photos:
            raise UserError("No source photo was given. Give at least one photo of the source person.")
        return self.method.identify([self.source_crop(photo) for photo in photos])  # type: ignore[arg-type]

    def source_crop(self, photo: ImageSource) -> Crop:
        """Cut the largest face out of a photo, as ``Method.identify`` takes it.

        Args:
            photo: path, PIL image or HxWx3 uint8 RGB array.

        Raises:
            UserError: the photo cannot be read or shows no face.
        """
        image = read_image(photo)
        faces = self.find_faces(image)
        if not faces:
            raise UserError(f"Source {_named(photo)}: no face was found. Choose a photo in which the face is larger.")
        return cut_crop(image, faces[0].points, landmarks=faces[0].landmarks)

    def swap_image(
        self,
        source: ImageSource | Sequence[ImageSource] | Identity,
        target: ImageSource,
        select: str | int = "all",
    ) -> SwapResult:
        """Put the source person's face on faces of a target photo.

        Args:
            source: one or several photos of one person, or the identity made of them.
            target: path, PIL image or HxWx3 uint8 RGB array.
            select: ``all``, ``largest``, or a face's number counted from the largest, 0 first.

        Raises:
            UserError: a photo cannot be read or shows no face, or the selected face does not exist.
        """
        timer = StepTimer()
        with timer.step("decode"):
            image = read_image(target)
        faces = self.find_faces(image, timer)
        if not faces:
            raise UserError(f"Target {_named(target)}: no face was found. Choose a photo in which a face is larger.")
        chosen = select_faces(faces, select)
        with timer.step("identify"):
            identity = source if isinstance(source, Identity) else self.identify(source)
        return self.swap_faces(image, faces, dict.fromkeys(chosen, identity), timer)

    def swap_video(
        self,
        source: ImageSource | Sequence[ImageSource] | Identity | None,
        target: str | Path,
        output: str | Path,
        progress: Callable[[VideoProgress], object] | None = None,
        *,
        select: str | int = "all",
        people: Sequence[tuple[ImageSource | Sequence[ImageSource] | Identity, ImageSource] | Role] = (),
        settings: VideoSettings | None = None,
        limits: Limits | None = None,
        marks: MarkSettings | None = None,
        cancel: Event | None = None,
    ) -> VideoResult:
        """Put the source person's face on faces of a video; a job that was killed goes on where it was.

        Args:
            source: one or several photos of one person, or their identity; None where only ``people`` count.
            target: the video, in any format FFmpeg reads.
            output: file to write: .mp4, .m4v, .mov, .mkv, .webm or .gif.
            progress: called after every frame with a ``VideoProgress``.
            select: ``all``, ``largest``, or a number counted from the largest face, 0 first, followed by identity.
            people: pairs of source photos and a reference photo: whoever resembles the reference becomes the source.
                Roles where both have been measured already.
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
            settings=settings,
            limits=limits,
            marks=marks,
            progress=progress,
            cancel=cancel,
        )

    def swap_faces(
        self,
        image: UInt8[np.ndarray, "h w 3"],
        faces: list[Face],
        assignment: Mapping[int, Identity],
        timer: StepTimer | None = None,
        blend: BlendSettings | None = None,
    ) -> SwapResult:
        """Give chosen faces of an image an identity each; faces not named are left alone.

        Args:
            image: RGB; not modified.
            faces: from ``find_faces``.
            assignment: identity by index into ``faces``.
            timer: continues an earlier measurement.
            blend: like this instead of the way chosen when the swapper was made.
        """
        timer = timer or StepTimer()
        frames = FrameSwapper(
            self.method, self.landmarks, self.device, self.restorer, blend or self.blend, self.occlusion
        )
        frame, warnings = image.copy(), []
        parts = []
        with timer.step("identify"):
            for index, identity in sorted(assignment.items(), reverse=True):  # near faces last
                tracked = TrackedFace(index, index, faces[index])
                parts.append(FaceToSwap(tracked, frames.aim(image, tracked, identity), alone=True))
        done = zip(parts, frames.swap_parts(frame, parts, timer), strict=True)
        own = {part.tracked.track: outcome.mask for part, outcome in done}
        for index in assignment:
            yaw = head_pose(faces[index].mesh).yaw
            if abs(yaw) > TURNED_TOO_FAR:
                warnings.append(
                    f"Face {index + 1} of {len(faces)} is turned {abs(yaw):.0f} degrees to the side; "
                    "its swap may look wrong."
                )
        return SwapResult(
            image=frame,
            faces=faces,
            swapped=sorted(assignment),
            timings=timer.milliseconds,
            warnings=warnings,
            masks={index: mask for index, mask in sorted(own.items()) if mask is not None and mask.min() < mask.max()},
        )


def _named(photo: ImageSource) -> str:
    return f"'{photo}'" if isinstance(photo, str | Path) else "photo"
