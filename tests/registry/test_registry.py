"""The one table of systems: whatever it names exists, whatever exists is named, and every list follows it."""

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import gradio as gr
import pytest
import torch
from torch import Tensor, nn

from swapper import hub
from swapper.cli.main import main, parser
from swapper.convert.systems import SYSTEMS as CHECKPOINTS
from swapper.convert.systems import OfficialCheckpoint
from swapper.hub.manifest import DEFAULT_REPO
from swapper.hub.pretrained import PRETRAINED
from swapper.methods.base import Method, default_method, load_method, local_methods, methods
from swapper.models.pretrained import Pretrained
from swapper.provenance import Origin
from swapper.provenance.origin import read_message
from swapper.registry import (
    CONVERTERS,
    FAMILIES,
    METHODS,
    NETWORKS,
    RESTORERS,
    SYSTEMS,
    TRAINERS,
    MethodInfo,
    NetworkInfo,
    RestorerInfo,
    System,
    TrainerInfo,
    find_method,
    find_trainer,
    identity_spaces,
    named,
    published_methods,
    published_networks,
    restorer_choices,
    trainer_commands,
)
from swapper.restore.base import load_restorer
from swapper.types import Crop, Identity, Swapped, UserError
from swapper.ui.settings_panel import build_settings_panel
from swapper.ui.swappers import offered_methods
from trainers.__main__ import parser as trainers_parser
from trainers.publish.cards import CARDS, Card

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")


def classes(folder: str) -> dict[str, ast.ClassDef]:
    """Classes defined in the modules of a folder, as ``module:Class``."""
    found = {}
    for path in sorted((ROOT / folder).glob("*.py")):
        module = f"{folder.replace('/', '.')}.{path.stem}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[f"{module}:{node.name}"] = node
    return found


def has_config(node: ast.ClassDef) -> bool:
    return any(isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "Config" for line in node.body)


def test_every_trainer_is_named_and_exists() -> None:
    recipes = {name for name, node in classes("trainers").items() if name.endswith("Trainer") and has_config(node)}
    assert len(recipes) > 10
    assert {info.cls for info in TRAINERS.values()} == recipes
    for info in TRAINERS.values():
        assert callable(named(info.cls).Config.lite)
    assert find_trainer("embedder", "smooth") is not find_trainer("embedder", "arcface") is find_trainer("embedder")


def test_every_card_is_named_and_exists() -> None:
    files = {path.stem for path in (ROOT / "trainers" / "publish" / "cards").glob("*.py")} - {"__init__", "card"}
    assert {name.replace("-", "_") for name in CARDS} == files
    assert set(CARDS) == set(published_networks()) and len(CARDS) > 10
    for name, card in CARDS.items():
        assert isinstance(card, Card) and card.title and card.what.endswith(".")
        kind = published_networks()[name].network
        assert sum(p.numel() for p in kind(getattr(kind.Config, card.preset)()).parameters()) > 100_000


def test_every_converter_is_named_and_exists() -> None:
    described = set()
    for path in (ROOT / "swapper" / "convert").glob("*.py"):
        for name, value in vars(import_module(f"swapper.convert.{path.stem}")).items():
            if isinstance(value, OfficialCheckpoint):
                described.add(f"swapper.convert.{path.stem}:{name}")
    assert set(CONVERTERS.values()) == described and len(described) == len(CONVERTERS) > 10
    assert all(isinstance(checkpoint, OfficialCheckpoint) for checkpoint in CHECKPOINTS.values())


def test_every_network_is_named_once_and_exists() -> None:
    for path in (ROOT / "swapper" / "models").glob("*.py"):
        import_module(f"swapper.models.{path.stem}")
    kinds = {info.network for info in NETWORKS.values()}
    written = {kind for kind in Pretrained.__subclasses__() if kind.__module__.startswith("swapper.models.")}
    assert kinds == written == set(PRETRAINED.values())
    assert sum(len(system.networks) for system in SYSTEMS.values()) == len(NETWORKS)
    weights = [info.weights for info in NETWORKS.values() if info.weights]
    assert len(weights) == len(set(weights))
    assert identity_spaces() == {"arcface": "arcface-mobile", "smooth": "smooth-embedder-lite"}


def test_every_method_and_restorer_is_named_and_exists() -> None:
    named_here = {info.cls for info in [*METHODS.values(), *FAMILIES.values()]}
    written = {name for name in classes("swapper/methods") if re.search(r"\w+Method$", name)}
    bases = {"swapper.methods.base:Method", "swapper.methods.base:InterpolatingMethod"}
    assert named_here == written - bases - {"swapper.methods.redrawing:RedrawingMethod"}
    written = {name for name in classes("swapper/restore") if re.search(r"\w+Restorer$", name)}
    assert {info.cls for info in RESTORERS.values()} == written - {"swapper.restore.base:Restorer"}
    for info in [*METHODS.values(), *FAMILIES.values(), *RESTORERS.values()]:
        assert callable(named(info.cls)) and info.label
    assert all(name == system.name for name, system in SYSTEMS.items())


def test_weights_are_those_of_the_manifest_or_of_a_network_here() -> None:
    listed = {row.name: row for row in hub.entries()}
    for info in [*METHODS.values(), *published_methods().values()]:
        assert set(info.weights) <= set(published_networks()) | set(listed)
    ours = {name.removesuffix("-onnx") for name, row in listed.items() if row.repo_id == DEFAULT_REPO}
    assert ours <= set(published_networks()) and len(ours) > 5
    assert all(name.startswith("onnx:") for name in published_methods())


def test_what_people_read_lists_them_all() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [*methods(), *(f"{family}:NAME" for family in FAMILIES)]
    assert [name for name in names if f"`{name}`" not in readme] == []
    order = (ROOT / "trainers" / "README.md").read_text(encoding="utf-8")
    assert [command for command in trainer_commands() if f"`{command}" not in order] == []
    assert [name for name in published_networks() if f"`{name}`" not in order] == []


HEAVY = "torch", "numpy", "cv2", "PIL", "onnxruntime", "gradio"


@pytest.mark.parametrize(
    "code",
    [
        "import swapper.registry, swapper.hub, swapper.errors; swapper.__version__",
        "from swapper.cli.main import main; main(['weights', 'list'])",
        "from swapper.cli.main import parser; parser().format_help()",
        "from swapper.cli.main import main; main(['bench', '--only', 'a'])",
        "from swapper.registry import published_methods; published_methods()",
    ],
)
def test_what_needs_no_torch_does_not_wait_for_it(code: str) -> None:
    tell = f"{code}; import sys; print('heavy:', *[name for name in {HEAVY} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", tell], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "heavy:"


def test_networks_do_not_bring_the_hub_with_them() -> None:
    tell = (
        "import sys; from swapper.models.ghost import AEINet; AEINet.from_pretrained; "
        "print(*[name for name in ('swapper.hub', 'huggingface_hub', 'safetensors') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", tell], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == ""


class Grey(nn.Module, Pretrained):
    """A network of a system that somebody adds."""

    class Config:
        @classmethod
        def lite(cls) -> "Grey.Config":
            return cls()

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config


class GreyMethod:
    """A method that somebody adds: every face turns grey."""

    name, size, template = "grey", 64, "ffhq"

    def __init__(self, device: torch.device, threads: int | None = None) -> None:
        self.threads = threads

    def identify(self, crops: Sequence[Crop]) -> Identity:
        raise AssertionError("nobody is identified here")

    def swap(self, identity: Identity, faces: Tensor, landmarks: Tensor | None = None) -> Swapped:
        return Swapped(torch.full_like(faces, 0.5), torch.ones_like(faces[:, :1]))


class GreyRestorer:
    def __init__(self, device: torch.device) -> None:
        pass

    def restore(self, faces: Tensor, template: str) -> Tensor:
        return faces


GREY = System(
    "grey",
    MethodInfo(GreyMethod, "Grey (for tests)", "Turns every face grey.", 99, threaded=True, quick=True),
    RestorerInfo(GreyRestorer, "Grey restoration", ("geometry-lite",)),
    networks=(NetworkInfo("grey-network", Grey, None, {"lite": "lite"}, weights="grey-lite", space="grey"),),
    trainers=(TrainerInfo("grey", "trainers.grey:GreyTrainer"),),
    converters={"grey-official": "swapper.convert.grey:GREY"},
)


@pytest.fixture
def grey(monkeypatch: pytest.MonkeyPatch) -> System:
    """One record more in the table, and nothing else."""
    monkeypatch.setitem(SYSTEMS, "grey", GREY)
    return GREY


def helps(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "1000")  # names are not cut at their hyphens
        parser().parse_args([*command, "--help"])
    return " ".join(capsys.readouterr().out.split())


def test_a_new_record_is_built_and_recommended(grey: System) -> None:
    method = load_method("grey", CPU, threads=3)
    assert isinstance(method, GreyMethod) and isinstance(method, Method) and method.threads == 3
    assert methods()[-1] == "grey" == local_methods()[-1]
    assert local_methods(moving=True).index("grey") < local_methods(moving=True).index("warp")
    assert default_method() != "grey"
    assert isinstance(load_restorer("grey", CPU), GreyRestorer)
    assert read_message(Origin("grey", "grey").message) == "by Swapper, method grey"
    assert Origin("warp", "grey").weights()[0]["name"] == "geometry-lite"


def test_a_new_record_is_a_choice_of_the_command_line(grey: System, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("image", "video", "compare"):
        assert "warp, grey, onnx:NAME" in helps(capsys, command)
    assert "warp, grey" in helps(capsys, "bench")
    assert (
        f"--restore {{{','.join(restorer_choices())}}}" in helps(capsys, "image") and restorer_choices()[-1] == "grey"
    )
    assert "--embedder {smooth,arcface,grey}" in helps(capsys, "interpolate")
    assert "grey-official" in helps(capsys, "weights", "convert")
    assert " grey " in " ".join(trainers_parser().format_help().split())


def test_a_new_record_is_a_choice_of_the_app(grey: System) -> None:
    assert offered_methods()["grey"] == "Grey (for tests)"
    with gr.Blocks():
        panel = build_settings_panel()
    assert ("Grey (for tests)", "grey") in (panel.method.choices or [])
    assert ("Grey restoration", "grey") in (panel.restore.choices or [])
    assert find_method("grey")[0].sentence == "Turns every face grey."


def test_a_new_record_is_in_every_error(grey: System, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (lambda: load_method("nothing", CPU), lambda: find_method("nothing:more")):
        with pytest.raises(UserError, match=r"Unknown method 'nothing.*'\. Choose one of: .*warp, grey, onnx:NAME\."):
            wrong()
    with pytest.raises(UserError, match=r"Choose one of: none, renovation, gfpgan, .*, grey\."):
        load_restorer("nothing", CPU)
    assert main(["weights", "convert", "nothing", "a.pth"]) == 2
    assert re.search(r"Unknown system 'nothing'\. Choose one of: .*grey-official\.", capsys.readouterr().err)
    assert main(["bench", "--models", "--only", "nothing"]) == 2
    assert re.search(r"Unknown network 'nothing'\. Choose one of: .*grey-network\.", capsys.readouterr().err)


def test_a_new_network_comes_from_the_hub_like_all_others(grey: System) -> None:
    assert hub.Grey is PRETRAINED["Grey"] is Grey  # type: ignore[attr-defined]
    assert published_networks()["grey-lite"].network is Grey
    with pytest.raises(AttributeError, match="no attribute 'Gray'"):
        _ = hub.Gray  # type: ignore[attr-defined]
