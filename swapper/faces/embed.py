"""Identity embeddings: unit vectors whose cosine says whether two faces show the same person."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from swapper import hub
from swapper.faces.align import recut
from swapper.models.arcface import MobileFaceNet
from swapper.models.smoothswap import SmoothIdentityEmbedder
from swapper.registry import identity_spaces
from swapper.runtime.onnx_session import open_session
from swapper.types import Crop

SIZE = 112  # side of the ArcFace template's crops
WEIGHTS = identity_spaces()  # of our identity networks
BATCH = 32  # crops a network sees at a time, so that memory stays bounded


@runtime_checkable
class IdentityEmbedder(Protocol):
    """Measures who faces show."""

    def embed(self, crops: Sequence[Crop]) -> Float32[np.ndarray, "n d"]:
        """One vector of unit length per face.

        Args:
            crops: in the ``ffhq`` template, any size.
        """
        ...


class FaceEmbedder:
    """The shipped mobile ArcFace encoder; needs no network connection."""

    def __init__(self, device: torch.device | None = None, mirrored: bool = False):
        """Load the network.

        Args:
            device: where it runs; the CPU when None.
            mirrored: average with the mirrored face's embedding, for twice the time.

        Raises:
            UserError: the weights cannot be downloaded.
        """
        self.device, self.mirrored = device or torch.device("cpu"), mirrored
        self.network = hub.load(MobileFaceNet, WEIGHTS["arcface"]).to(self.device)

    def embed(self, crops: Sequence[Crop]) -> Float32[np.ndarray, "n 512"]:
        """One vector of unit length per face.

        Args:
            crops: in the ``ffhq`` template, any size.
        """
        return _embed(crops, self._run, self.mirrored)

    def _run(self, faces: UInt8[np.ndarray, "b 112 112 3"]) -> Float32[np.ndarray, "b 512"]:
        pixels = torch.from_numpy(faces).to(self.device).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            return self.network(pixels).embedding.float().cpu().numpy()


class ResNet50Embedder:
    """insightface's 50-layer ArcFace network, ``w600k_r50``; its weights come from the Hub.

    ``insightface``'s own class is not used: it opens the 170 MB twice, to learn a scaling that is known.
    """

    def __init__(self, device: torch.device | None = None, mirrored: bool = False, threads: int | None = None):
        """Find and open the network, downloading it where needed.

        Args:
            device: where it runs; the CPU when None.
            mirrored: average with the mirrored face's embedding, for twice the time.
            threads: on the CPU; onnxruntime's choice when None.

        Raises:
            UserError: the weights cannot be downloaded.
        """
        self.mirrored = mirrored
        self._session = open_session(hub.resolve("w600k_r50"), device, threads)

    def embed(self, crops: Sequence[Crop]) -> Float32[np.ndarray, "n 512"]:
        """One vector of unit length per face.

        Args:
            crops: in the ``ffhq`` template, any size.
        """
        return _embed(crops, self._run, self.mirrored)

    def _run(self, faces: UInt8[np.ndarray, "b 112 112 3"]) -> Float32[np.ndarray, "b 512"]:
        pixels = (faces.transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5
        return np.asarray(self._session.run(None, {self._session.get_inputs()[0].name: pixels})[0], np.float32)


class SmoothFaceEmbedder:
    """The smooth identity embedder: neighbouring vectors are people who look alike."""

    def __init__(self, device: torch.device | None = None):
        """Load the network.

        Args:
            device: where it runs; the CPU when None.

        Raises:
            UserError: the weights cannot be downloaded.
        """
        self.device = device or torch.device("cpu")
        self.network = hub.load(SmoothIdentityEmbedder, WEIGHTS["smooth"]).to(self.device)

    @torch.inference_mode()
    def embed(self, crops: Sequence[Crop]) -> Float32[np.ndarray, "n d"]:
        """One vector of unit length per face.

        Args:
            crops: in the ``ffhq`` template, any size.
        """
        rows = [np.zeros((0, self.network.config.embedding), np.float32)]
        for crop in crops:
            face = torch.tensor(crop.image, device=self.device).permute(2, 0, 1)[None].float() / 255
            rows.append(self.network(face).float().cpu().numpy())
        return np.concatenate(rows)


def local_embedders(device: torch.device | None = None) -> dict[str, IdentityEmbedder]:
    """The shipped encoder, ``arcface``, and ``smooth`` where its weights are on this machine too.

    Args:
        device: where they run; the CPU when None.

    Raises:
        UserError: the shipped weights are missing.
    """
    found: dict[str, IdentityEmbedder] = {"arcface": FaceEmbedder(device)}
    return {**found, "smooth": SmoothFaceEmbedder(device)} if hub.find(WEIGHTS["smooth"]) else found


def arcface_crop(crop: Crop) -> UInt8[np.ndarray, "112 112 3"]:
    """The face as ArcFace networks want it: 112 px, ``arcface`` template.

    Args:
        crop: in the ``ffhq`` template, any size.
    """
    return recut(crop, "arcface", SIZE)


def _embed(
    crops: Sequence[Crop], run: Callable[[np.ndarray], np.ndarray], mirrored: bool
) -> Float32[np.ndarray, "n 512"]:
    vectors = [np.zeros((0, 512), np.float32)]
    for start in range(0, len(crops), BATCH):
        faces = np.stack([arcface_crop(crop) for crop in crops[start : start + BATCH]])
        found = run(faces)
        if mirrored:
            found = found + run(np.ascontiguousarray(faces[:, :, ::-1]))
        vectors.append(found / np.linalg.norm(found, axis=1, keepdims=True).clip(1e-12))
    return np.concatenate(vectors)
