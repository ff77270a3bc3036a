"""Face restorers that others published as ONNX files on the Hub."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from swapper import hub
from swapper.faces.align import Placement
from swapper.restore.aligned import RestorationNetwork, restore_aligned
from swapper.restore.onnx_records import RECORDS
from swapper.runtime.graph_shapes import check_input, check_output
from swapper.runtime.onnx_session import open_session
from swapper.types import UserError

_KINDS = {"tensor(float16)": np.float16, "tensor(double)": np.float64}  # others are float32


class OnnxRestorer:
    """One published restorer.

    Attributes:
        record: how it is fed.
        strength: share of its change that is made.
    """

    def __init__(self, device: torch.device, member: str, strength: float = 0.8) -> None:
        """Find and open its file, downloading it where needed.

        Args:
            device: where it runs.
            member: a name from ``RECORDS``.
            strength: share of its change that is made, in [0, 1]; the whole of it makes everybody a little more alike.

        Raises:
            UserError: the file cannot be had or is another network.
        """
        self.device, self.strength, self.record = device, strength, RECORDS[member]
        self._network = onnx_network(hub.resolve(member), device, self.record.size, self.record.weight)

    @torch.inference_mode()
    def restore(self, faces: Float[Tensor, "b 3 s s"], template: Placement) -> Float[Tensor, "b 3 s s"]:
        """Restore a batch of face crops, at the size they came in.

        Args:
            faces: RGB in [0, 1].
            template: alignment of the crops: key of ``faces.align.TEMPLATES``, or where the face lies in them.
        """
        size, own = self.record.size, self.record.template
        return restore_aligned(faces.to(self.device), template, self._network, size, self.strength, own)


def onnx_network(path: Path, device: torch.device, size: int, weight: float | None = None) -> RestorationNetwork:
    """Open a graph that restores one face a run, RGB in [-1, 1].

    Args:
        path: of the ONNX file.
        device: where it runs.
        size: side of its faces in pixels.
        weight: value of its second input, ``weight``; None for a graph that has none.

    Raises:
        UserError: the file is no such graph.
    """
    session = open_session(path, device)
    picture, *others = session.get_inputs()
    if [node.name for node in others] != ([] if weight is None else ["weight"]):
        raise UserError(
            f"{path}: it expects {', '.join(node.name for node in session.get_inputs())}, which this restorer does not "
            "have. Replace it with the file named in the manifest."
        )
    check_input(path, picture, (1, 3, size, size), path.stem)
    check_output(path, session.get_outputs()[0], (1, 3, size, size), path.stem)
    more = {node.name: np.array([weight], _KINDS.get(node.type, np.float32)) for node in others}
    kind = _KINDS.get(picture.type, np.float32)

    def restore(faces: Tensor) -> Tensor:
        pixels = (faces * 2 - 1).float().cpu().numpy().astype(kind)
        restored = [np.asarray(session.run(None, {picture.name: face[None], **more})[0]) for face in pixels]
        return torch.from_numpy(np.concatenate(restored).astype(np.float32)).to(faces) * 0.5 + 0.5

    return restore
