import json
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from swapper import hub
from swapper.hub.pretrained import PRETRAINED
from swapper.methods.base import load_method
from swapper.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.registry.pipeline_reading import read_pipeline
from swapper.registry.pipelines import TRAINED
from trainers.__main__ import main
from trainers.loop.checkpoint import save_checkpoint
from trainers.publish.publish import LICENCE, export_onnx, halve_weights, read_network, swap_needs


@pytest.mark.slow
def test_a_run_becomes_weights_with_a_card_and_a_manifest_row(tmp_path):
    run, folder = tmp_path / "run", tmp_path / "weights"
    network = LandmarkNetwork(LandmarkNetworkConfig.lite()).eval()
    save_checkpoint(run, {"landmarks": network}, {}, {}, {})
    (run / "config.json").write_text(json.dumps({"system": "geometry", "recipe": {"lr": 0.002}}))
    (run / "log.jsonl").write_text('{"val_mesh_percent": 2.5}\n{"L_loss": 1.0}\n')
    repository = tmp_path / "repository"
    arguments = ["publish", str(run), "--name", "geometry-lite", "--weights", str(folder)]
    assert main([*arguments, "--repository", str(repository)]) == 0
    rows = {row["name"]: row for row in json.loads((folder / "manifest.json").read_text())["files"]}
    assert rows["geometry-lite"]["metrics"] == {"mesh_percent": 2.5}
    assert "2.5" in (folder / "geometry-lite.md").read_text()
    loaded = hub.load_path(LandmarkNetwork, folder / "geometry-lite.safetensors")
    faces = torch.rand(3, 3, 128, 128)
    expected = loaded(faces).points.numpy()
    session = onnxruntime.InferenceSession(folder / "geometry-lite.onnx")
    np.testing.assert_allclose(session.run(["points"], {"faces": faces.numpy()})[0], expected, atol=1e-3)
    assert 'from_pretrained("swapper-faces/geometry-lite")' in (repository / "README.md").read_text()
    hubs: Any = PRETRAINED["LandmarkNetwork"].from_pretrained(str(repository))
    np.testing.assert_allclose(hubs(faces).points.detach().numpy(), network(faces).points.detach().numpy(), atol=1e-6)
    assert hubs.crops == {"template": "ffhq", "size": "128"}


def test_published_sizes_are_those_of_the_run(tmp_path):
    run = tmp_path / "run"
    trained = LandmarkNetwork(replace(LandmarkNetworkConfig.lite(), size=96))
    save_checkpoint(run, {"landmarks": trained}, {}, {}, {})
    assert read_network(run, "geometry-lite").config == trained.config


def test_a_run_of_another_system_is_refused(tmp_path, capsys):
    run = tmp_path / "run"
    save_checkpoint(run, {"line": nn.Linear(2, 2)}, {}, {}, {})
    (run / "config.json").write_text("{}")
    (run / "log.jsonl").write_text("")
    assert main(["publish", str(run), "--name", "geometry-lite", "--weights", str(tmp_path / "w")]) == 2
    assert "Nothing to publish" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


def test_halved_weights_keep_what_float16_cannot_hold():
    values = {"large": np.full(300, 1e5, np.float32), "fine": np.linspace(0, 1, 300, dtype=np.float32)}
    nodes = [helper.make_node("Add", ["x", "fine"], ["y"]), helper.make_node("Add", ["y", "large"], ["z"])]
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [300]) for n in ("x", "z")]
    graph = helper.make_graph(
        nodes, "g", info[:1], info[1:], [numpy_helper.from_array(v, k) for k, v in values.items()]
    )
    model = halve_weights(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10))
    stored = {t.name: t.data_type for t in model.graph.initializer}
    assert stored == {"large": TensorProto.FLOAT, "fine_half": TensorProto.FLOAT16}
    result = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": np.zeros(300, np.float32)})[0]
    np.testing.assert_allclose(result, values["large"] + values["fine"], rtol=1e-3)


def test_the_export_takes_any_batch(tmp_path):
    export_onnx(nn.Conv2d(3, 4, 3).eval(), (2, 3, 16, 16), ("maps",), tmp_path / "n.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "n.onnx")
    assert session.run(None, {"faces": np.zeros((5, 3, 16, 16), np.float32)})[0].shape == (5, 4, 14, 14)


@pytest.mark.parametrize("system", list(TRAINED))
def test_a_published_swapper_says_all_that_a_swap_needs(system):
    said = swap_needs(f"{system}-lite", {"template": "tight", "size": "192"})
    assert read_pipeline(said, system, "net.safetensors", 0) == TRAINED[system].cut("tight", 192)
    assert json.loads(said["pipeline"])["licence"] == LICENCE
    assert swap_needs("geometry-lite", {}) == {}


def test_what_it_says_is_what_it_is_used_by(tmp_path):
    network = hub.load(MobileFaceSwap, "mobilefaceswap-lite")
    path = tmp_path / "mine.safetensors"
    hub.save(network, path, swap_needs("mobilefaceswap-lite", {"template": "tight", "size": "128"}))
    method = load_method("mobilefaceswap", torch.device("cpu"), weights=path)
    assert (method.template, method.size) == ("tight", 128)
