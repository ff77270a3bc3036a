"""ArcFace read from ONNX exports."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from swapper.convert import convert, read_official
from swapper.models.arcface import IResNet, IResNetConfig
from swapper.runtime.onnx_session import open_session
from swapper.types import UserError


class Exported(nn.Module):
    """As insightface exports it: faces in [-1, 1] in, embedding out."""

    def __init__(self, network: IResNet, scaled: bool) -> None:
        super().__init__()
        self.network, self.scaled = network, scaled

    def forward(self, faces: Tensor) -> Tensor:
        network = self.network
        x = network.prelu(network.bn1(network.conv1(faces * 2 - 1 if self.scaled else faces)))
        x = network.bn2(network.layer4(network.layer3(network.layer2(network.layer1(x)))))
        return network.features(network.fc(x.flatten(1)))


def export_arcface(network: IResNet, path: Path, scaled: bool = False) -> None:
    """BatchNorm is folded into the convolutions before it."""
    network.requires_grad_(True)  # frozen, PReLU takes a form that is several operators
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Exported(network, scaled).eval(), (torch.zeros(1, 3, 112, 112),), str(path), dynamo=False)
    network.requires_grad_(False)


def shallow_arcface() -> IResNet:
    """Few layers, so that exporting is quick, and nothing at its start value."""
    torch.manual_seed(0)
    network = IResNet(IResNetConfig((2, 1, 2, 1), (8, 16, 24, 32), 16))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            for values, centre in ((module.weight, 1), (module.bias, 0)):
                nn.init.normal_(values, centre, 0.1)
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return network.eval()


def test_arcface_from_onnx_gives_the_same_embedding(tmp_path: Path) -> None:
    network = shallow_arcface()
    path = tmp_path / "arcface.onnx"
    export_arcface(network, path)
    converted = convert("arcface", path, tmp_path / "out.safetensors")
    assert converted.config == network.config
    faces = torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours, theirs = converted(faces).embedding, network(faces).embedding
    assert theirs.std() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)
    session = open_session(path)
    (embedding,) = session.run(None, {session.get_inputs()[0].name: faces[:1].numpy() * 2 - 1})
    np.testing.assert_allclose(ours[:1].numpy(), embedding, rtol=0, atol=1e-4)


def test_other_onnx_graphs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "arcface.onnx"
    network = shallow_arcface()
    export_arcface(network, path, scaled=True)
    with pytest.raises(UserError, match=r"an operator Mul that the network does not have"):
        read_official("arcface", path)
    export_arcface(network, path)
    model = onnx.load(path)
    del model.graph.node[-1], model.graph.node[-3:], model.graph.output[:]
    model.graph.output.append(onnx.ValueInfoProto(name=model.graph.node[-1].output[0]))  # a whole graph that ends early
    onnx.save(model, path)
    with pytest.raises(UserError, match="its operators are not those of ArcFace's residual network"):
        read_official("arcface", path)
    del model.graph.node[-1]
    for unusable in (b"\x00nothing", b"", model.SerializeToString()):
        path.write_bytes(unusable)
        with pytest.raises(UserError, match=r"^\S+arcface\.onnx: onnxruntime cannot run it .*Download or export it"):
            read_official("arcface", path)
