"""The networks that photos and videos are swapped with, and what both ask of them: faces, and who somebody is."""

from collections.abc import Sequence
from copy import copy
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from swapper.compose.settings import BlendSettings
from swapper.faces.detect import CenterFaceDetector, FaceDetector
from swapper.faces.fitting import cut_source
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.occlusion.network import OcclusionFinder
from swapper.faces.occlusion.published import load_mask
from swapper.images import read_image
from swapper.methods.base import Method, default_method, load_method
from swapper.methods.pixel_boost import at_resolution
from swapper.methods.weights import find_weights, weights_system
from swapper.restore.base import Restorer, load_restorer
from swapper.restore.default import default_restorer
from swapper.restore.upscale import Upscaler, load_upscaler
from swapper.runtime.devices import choose_device
from swapper.runtime.timing import StepTimer
from swapper.types import Crop, Face, Identity, UserError

ImageSource = str | Path | Image.Image | np.ndarray
Source = ImageSource | Sequence[ImageSource] | Identity  # photos of one person, or what was made of them


class SwapNetworks:
    """One method with the face models it needs, loaded once and used often.

    Attributes:
        device: where the networks run.
        method: swaps; videos, too, unless ``for_frames`` says otherwise.
        detector: finds faces.
        landmarks: measures them.
        mask: name of what finds what is in front of them.
        occlusion: that.
        restorer: improves swapped faces of photos; None where they stay as drawn.
        frame_restorer: improves those of a video's frames.
        blend: how they are blended in, unless a call says otherwise.
    """

    def __init__(
        self,
        method: str | Method | None = None,
        device: str = "auto",
        *,
        restore: str | None = None,
        blend: BlendSettings | None = None,
        detector: FaceDetector | None = None,
        threads: int | None = None,
        weights: str | Path | None = None,
        resolution: int | None = None,
        mask: str = "own",
    ):
        """Load a method and the face models it needs.

        Args:
            method: a name from ``methods()``, or a method made by the caller; when None the one that the weights are
                for, or what ``default_method`` says of photos and of videos.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            restore: one of ``restore.base.restorers()``; what ``default_restorer`` says of photos and of videos when
                None.
            blend: how the swapped face is blended in.
            detector: use this face detector instead of the shipped one.
            threads: CPU threads of each network; as many as the machine has by default.
            weights: a weights file of the user's for the method, such as ``weights convert`` makes; the shipped one
                when None.
            resolution: side of the swapped crop in pixels, a multiple of the method's own, see
                ``methods.pixel_boost``; the method's own when None.
            mask: what finds the things in front of a face, key of ``registry.masks.MASKS``.

        Raises:
            UserError: an unknown name, weights that cannot be found or do not belong together, or a resolution that
                the method cannot run at.
        """
        self.device, self._threads, self._resolution = choose_device(device), threads, resolution
        self._chosen = method is not None or weights is not None
        self._frame_method: Method | None = None
        name = method or (weights_system(find_weights(weights)) if weights else default_method())
        self.method = self._sized(load_method(name, self.device, threads, weights) if isinstance(name, str) else name)
        self.detector = detector or CenterFaceDetector(threads, device=self.device)
        self.landmarks = LandmarkDetector(self.device, threads)
        self.mask = mask
        self.occlusion: OcclusionFinder = load_mask(mask, self.device, threads)
        self.restorer: Restorer | None = load_restorer(restore or default_restorer(), self.device)
        self.frame_restorer = self.restorer if restore else load_restorer(default_restorer(moving=True), self.device)
        self.blend = blend or BlendSettings()
        self._upscaler: Upscaler | None = None

    @property
    def method_name(self) -> str:
        """The method's name, with that of the weights file where it is one of the user's."""
        own = getattr(self.method, "own_weights", "")
        return f"{self.method.name}@{own}" if own else self.method.name

    def upscaler(self, name: str) -> Upscaler | None:
        """What enlarges whole pictures; the one that was asked for last is kept.

        Args:
            name: one of ``registry.upscalers.upscaler_choices()``; ``none`` gives None.

        Raises:
            UserError: the name is unknown, or its weights cannot be found.
        """
        kept = self._upscaler
        if name == "none" or kept is None or kept.name != name:
            kept = load_upscaler(name, self.device, self._threads)
            self._upscaler = kept or self._upscaler
        return kept

    def for_frames(self, *identities: Identity | None) -> "SwapNetworks":
        """The same networks with the method that videos get where nobody chose one.

        Args:
            identities: that are to be used. Those made by the method of photos keep it: no other could use them.

        Raises:
            UserError: the method cannot run at the resolution.
        """
        name = default_method(moving=True)
        made = {identity.method for identity in identities if identity is not None}
        if self._chosen or name == self.method.name or self.method.name in made:
            return self
        if self._frame_method is None:
            self._frame_method = self._sized(load_method(name, self.device, self._threads))
        changed = copy(self)
        changed.method, changed._chosen = self._frame_method, True
        return changed

    def _sized(self, method: Method) -> Method:
        return method if self._resolution is None else at_resolution(method, self._resolution)

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
            raise UserError(f"Source {named(photo)}: no face was found. Choose a photo in which the face is larger.")
        return cut_source(image, faces[0])


def named(photo: ImageSource) -> str:
    """What a photo is called in messages."""
    return f"'{photo}'" if isinstance(photo, str | Path) else "photo"
