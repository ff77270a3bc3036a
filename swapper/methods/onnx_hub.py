"""Swappers that others published as ONNX files on the Hub, run behind our protocol."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from jaxtyping import Float, Float32, UInt8
from onnx import numpy_helper
from onnxruntime import InferenceSession
from torch import Tensor

from swapper import hub
from swapper.faces.fitting import cut_again
from swapper.interpolation import slerp
from swapper.methods.base import check_identity
from swapper.methods.onnx_records import EMBEDDER, RECORDS, OnnxSwapper
from swapper.registry.lookup import look_up
from swapper.registry.pipelines import Alignment
from swapper.runtime.graph_shapes import check_input, check_output
from swapper.runtime.onnx_session import open_session, used_provider
from swapper.types import Crop, Identity, Swapped, UserError


class OnnxHubMethod:
    """One published swapper.

    Attributes:
        name: ``onnx:`` and the swapper's name.
        size: side of the square crops it works on, in pixels.
        template: name of its alignment in ``faces.align.TEMPLATES``.
        fit: how the five points are fitted to the template; all of these swappers take a similarity.
        provider: the onnxruntime execution provider that really runs it.
    """

    fit = "similarity"

    def __init__(self, swapper: str, device: torch.device) -> None:
        """Find and open its files, downloading them where needed.

        Args:
            swapper: a name from ``RECORDS``.
            device: where it should run.

        Raises:
            UserError: the name is unknown, or a file cannot be downloaded or is another network.
        """
        self.record: OnnxSwapper = look_up(RECORDS, swapper, "ONNX swapper")
        self.name = f"onnx:{swapper}"
        self.size = self.record.size
        self.template = self.record.template
        path = hub.resolve(swapper)
        self._session = open_session(path, device)
        _check_shapes(path, self._session, self.record)
        self.provider = used_provider(self._session)
        self._embedder: InferenceSession | None = None
        self._converter: InferenceSession | None = None
        self._emap: Float32[np.ndarray, "512 512"] | None = None
        if self.record.identity != "crop":
            self._embedder = open_session(hub.resolve(EMBEDDER), device)
        if self.record.converter is not None:
            self._converter = open_session(hub.resolve(self.record.converter), device)
        if self.record.identity == "emap":
            self._emap = _last_initializer(path)

    @property
    def interpolates(self) -> bool:
        """Whether its identities can be mixed: it takes embeddings, not pictures of people."""
        return self._embedder is not None

    def identify(self, crops: Sequence[Crop]) -> Identity:
        """Make what the swapper takes as the source person.

        Embeddings of several photos are averaged as they are, so that photos count by how clearly the face is seen, and
        brought to unit length afterwards where the swapper wants that: hyperswap and its like have seen no others. A
        swapper that takes a picture gets the first one, and that picture at unit length stands in for the identity
        vector.

        Args:
            crops: crops in the ``ffhq`` template, all of the same person.
        """
        record = self.record
        if self._embedder is None:
            cut = cut_again(crops[0], Alignment(record.source_template, record.source_size, self.fit))
            picture = (cut.image.astype(np.float32) / 255).transpose(2, 0, 1)[None]
            return Identity(self.name, _unit(picture.ravel()), picture)
        faces = [cut_again(crop, Alignment("arcface", 112, self.fit)).image for crop in crops]
        embedding = np.mean([_run(self._embedder, (_arcface_input(face),))[0][0] for face in faces], axis=0)
        if self._converter is not None:
            embedding = _run(self._converter, (embedding[None],))[0].reshape(-1)
        return self._person(_unit(embedding), float(np.linalg.norm(embedding)))

    def interpolate(self, first: Identity, second: Identity, share: float) -> Identity:
        """Make the identity between two: the embedding on the sphere, its length on the line.

        Args:
            first: made by this method's ``identify``.
            second: made by this method's ``identify``.
            share: of the way, 0 to 1.

        Raises:
            UserError: this swapper takes pictures of people instead of embeddings.
        """
        if self._embedder is None:
            raise UserError(
                f"Method '{self.name}' uses a photo, not an embedding, so it cannot interpolate. Choose another."
            )
        for identity in (first, second):
            check_identity(self, identity)
        lengths = [float(np.linalg.norm(identity.state)) for identity in (first, second)]
        embedding = slerp(first.embedding, second.embedding, share).astype(np.float32)
        return self._person(embedding, (1 - share) * lengths[0] + share * lengths[1])

    def _person(self, embedding: Float32[np.ndarray, "d"], length: float) -> Identity:
        """Turn a unit vector, and the length it came with, into what the swapper takes.

        The product with the matrix is brought to unit length again, as insightface does (FaceFusion does not).
        """
        state = embedding if self._emap is None else _unit(embedding @ self._emap)
        return Identity(self.name, embedding, (state * length if self.record.identity == "raw" else state)[None])

    def swap(
        self,
        identity: Identity,
        faces: Float[Tensor, "b 3 s s"],
        landmarks: Float[Tensor, "b 478 3"] | None = None,
    ) -> Swapped:
        """Swap as ``Method.swap`` says, one face after the other, as the published graphs take; no landmarks used."""
        check_identity(self, identity)
        record = self.record
        mean, std = (np.asarray(v, dtype=np.float32)[None, :, None, None] for v in (record.mean, record.std))
        images, masks = [], []
        for face in faces.detach().float().cpu().numpy():
            image, *others = _run_named(self._session, source=identity.state, target=(face[None] - mean) / std)
            image = image.reshape(1, 3, self.size, self.size)
            images.append(image * std + mean if record.normalised_output else image)
            masks.append(_mask(others, self.size))
        face, mask = (torch.from_numpy(np.concatenate(v)).to(faces.device).clamp(0, 1) for v in (images, masks))
        return Swapped(face=face, mask=mask)


def _check_shapes(path: Path, session: InferenceSession, record: OnnxSwapper) -> None:
    """Refuse a graph of another size, as far as it says its sizes; one with other inputs is refused when it runs."""
    picture = (1, 3, record.size, record.size)
    source = (1, 512) if record.identity != "crop" else (1, 3, record.source_size, record.source_size)
    takes = {node.name: node for node in session.get_inputs()}
    if set(takes) != {"source", "target"}:
        return
    check_input(path, takes["source"], source, record.name)
    check_input(path, takes["target"], picture, record.name)
    check_output(path, session.get_outputs()[0], picture, record.name)


def _arcface_input(face: UInt8[np.ndarray, "112 112 3"]) -> Float32[np.ndarray, "1 3 112 112"]:
    return ((face.astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]


def _unit(vector: Float32[np.ndarray, "d"]) -> Float32[np.ndarray, "d"]:
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)


def _run_named(session: InferenceSession, **arrays: np.ndarray) -> list[np.ndarray]:
    """Run a graph whose inputs have the given names, in the order it wants them."""
    names = [node.name for node in session.get_inputs()]
    if set(names) != set(arrays):
        raise UserError(
            f"The ONNX swapper expects {', '.join(names)} instead of {' and '.join(arrays)}. "
            "Replace it with the file named in the manifest."
        )
    return _run(session, tuple(arrays[name] for name in names))


def _run(session: InferenceSession, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Run a graph on float32 arrays in the order of its inputs; half-precision graphs are fed what they want."""
    feed = {
        node.name: array.astype(np.float16 if node.type == "tensor(float16)" else np.float32)
        for node, array in zip(session.get_inputs(), arrays, strict=True)
    }
    return [np.asarray(value, dtype=np.float32) for value in session.run(None, feed)]


def _mask(outputs: Sequence[np.ndarray], size: int) -> Float32[np.ndarray, "1 1 s s"]:
    """The output that has one value per pixel; ones where a swapper draws no mask.

    Hyperswap has such an output: its own word on where its picture counts, which is used as that of our methods is.
    """
    masks = [output for output in outputs if output.size == size * size]
    return masks[0].reshape(1, 1, size, size) if masks else np.ones((1, 1, size, size), np.float32)


def _last_initializer(path: Path) -> Float32[np.ndarray, "512 512"]:
    initializers = onnx.load(path).graph.initializer
    if not initializers or tuple(initializers[-1].dims) != (512, 512):
        raise UserError(
            f"{path}: its last initializer is not the 512x512 matrix that turns identities into the swapper's input. "
            "Replace it with the file named in the manifest."
        )
    return numpy_helper.to_array(initializers[-1]).astype(np.float32)
