"""Turn a run into shipped weights: safetensors, optionally ONNX, a model card and a manifest row.

``python -m trainers publish RUN --name geometry-lite`` writes into ``weights/``; ``--repository DIR`` also writes a
model repository for the Hub's own client, ``--push`` uploads both.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from huggingface_hub import HfApi
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file
from torch import nn

from swapper import hub
from swapper.hub.manifest import project_repo, shipped_folder
from swapper.hub.pretrained import save_pretrained, usage_text
from swapper.registry import published_networks
from swapper.registry.pipelines import TRAINED
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.publish.cards import CARDS, card_text

LICENCE = "research only, non-commercial"
TRAINED_ON = "7,513 faces of CelebA and UTKFace (adults)"


def add_publish_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers publish``."""
    p.add_argument("run_folder", type=Path, help="run folder with a checkpoint")
    p.add_argument("--name", required=True, choices=list(published_networks()), help="name in the manifest")
    p.add_argument("--weights", type=Path, default=None, help="folder to write to; the project's own by default")
    p.add_argument(
        "--repository", type=Path, default=None, help="also write the network's own model repository into this folder"
    )
    p.add_argument("--push", action="store_true", help="upload what was written (needs HF_TOKEN)")


def publish(args: argparse.Namespace) -> int:
    """Write the files of one network; returns the exit code."""
    folder = args.weights or shipped_folder()
    card, run = CARDS[args.name], args.run_folder
    network = read_network(run, args.name)
    scores = last_scores(run)
    path = folder / f"{args.name}.safetensors"
    settings = json.loads((run / "config.json").read_text())
    settings["recipe"] |= {name: value for name, value in settings.get("loop", {}).items() if name in ("kimg", "batch")}
    said = {name: value.format(**settings["recipe"]) for name, value in card.metadata.items()}
    said |= swap_needs(args.name, said)
    hub.save(network, path, extra={"recipe": (run / "config.json").read_text(), **said})
    hub.add_entry(args.name, path, LICENCE, "lite", TRAINED_ON, scores)
    if card.example is not None:
        twin = path.with_suffix(".onnx")
        export_onnx(network, card.example, card.outputs, twin)
        hub.add_entry(f"{args.name}-onnx", twin, LICENCE, "lite", TRAINED_ON, scores)
    text = card_text(args.name, card, network, settings, scores, LICENCE, TRAINED_ON)
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {scores}")
    if args.push:
        HfApi().upload_folder(repo_id=project_repo(), folder_path=folder, commit_message=f"Add {args.name}")
    if args.repository is not None:
        repo_id = f"{project_repo().split('/')[0]}/{args.name}"
        crops = {name: said[name] for name in ("template", "size") if name in said}
        write_repository(network, args.repository, crops, text + usage_text(network, repo_id))
        print(f"{args.repository}: the repository {repo_id}")
        if args.push:
            HfApi().create_repo(repo_id, exist_ok=True)
            HfApi().upload_folder(repo_id=repo_id, folder_path=args.repository, commit_message=f"Add {args.name}")
    return 0


def swap_needs(name: str, said: Mapping[str, str]) -> dict[str, str]:
    """What a swap with a network needs, as a weights file says it; nothing for one that does not swap.

    Args:
        name: of the weights.
        said: template and size of its crops.
    """
    pipeline = TRAINED.get(name.removesuffix("-lite"))
    return {} if pipeline is None else pipeline.cut(said["template"], int(said["size"])).metadata()


def write_repository(network: nn.Module, folder: Path, crops: dict[str, str], card: str) -> None:
    """Write a model repository from which the Hub's client loads: weights, ``config.json`` and the card.

    Args:
        network: one of ours.
        folder: made when missing.
        crops: alignment and size of the faces it takes.
        card: the model card.
    """
    save_pretrained(network, folder, crops)
    with whole_file(folder / "README.md") as fresh:
        fresh.write_text(card, encoding="utf-8")


def read_network(run: Path, name: str) -> nn.Module:
    """The published form (average where kept) of one network of a run, in the sizes it was trained in.

    Args:
        run: its folder.
        name: of the weights that the network is published as.

    Raises:
        UserError: the run holds no checkpoint of it.
    """
    card, kind = CARDS[name], published_networks()[name].network
    path = run / "last" / f"{card.network}-ema.safetensors"
    if not path.is_file():
        path = run / "last" / f"{card.network}.safetensors"
    if not path.is_file():
        raise UserError(f"Nothing to publish: {path} is missing. Give a run folder of the right system.")
    state = {key.removeprefix("module."): value for key, value in load_file(path).items() if key != "n_averaged"}
    sizes = hub.read_metadata(path).get("config")
    network: Any = kind(
        getattr(kind.Config, card.preset)() if sizes is None else hub.read_config(kind.Config, json.loads(sizes))
    )
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def last_scores(run: Path) -> dict[str, float]:
    """The newest validation scores in a run's log."""
    scores: dict[str, float] = {}
    for line in (run / "log.jsonl").read_text().splitlines():
        row: dict[str, Any] = json.loads(line)
        found = {name.removeprefix("val_"): value for name, value in row.items() if name.startswith("val_")}
        scores = {name: round(value, 4) for name, value in found.items()} or scores
    return scores


def export_onnx(network: nn.Module, example: tuple[int, ...], outputs: tuple[str, ...], path: Path) -> None:
    """Export a network of one image input with a free batch size; large weights are stored as float16.

    Args:
        network: takes faces (b, 3, s, s).
        example: shape of one batch, at least two images.
        outputs: names of the outputs.
        path: file to write.
    """
    program = torch.onnx.export(
        network,
        (torch.rand(example),),
        dynamo=True,
        input_names=["faces"],
        output_names=list(outputs),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        external_data=False,
        verbose=False,
    )
    assert program is not None
    with whole_file(path) as fresh:
        onnx.save(halve_weights(program.model_proto), fresh)


def halve_weights(model: onnx.ModelProto, at_least: int = 256) -> onnx.ModelProto:
    """Store large float32 weights as float16 behind a Cast, which the runtime folds away when it loads the file."""
    casts, kept = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= at_least and np.abs(values).max() < 65504:
            stored = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half")
            casts.append(helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT))
            kept.append(stored)
        else:
            kept.append(tensor)
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model
