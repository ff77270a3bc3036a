"""Every network goes to a folder or a repository of the Hub, and comes back from it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from fake_repositories import Repositories, served
from huggingface_hub import constants
from safetensors.torch import load_file, save_model

from swapper import hub
from swapper.hub import pretrained
from swapper.hub.pretrained import PRETRAINED
from swapper.methods.ghost import GhostMethod
from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
from swapper.methods.rafswap import RAFSwapMethod
from swapper.methods.simswap import SimSwapMethod
from swapper.methods.smoothswap import SmoothSwapMethod
from swapper.models.ghost import AEINet
from swapper.models.landmarks import LandmarkNetwork, LandmarkNetworkConfig
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.models.occlusion import OcclusionNetwork, OcclusionNetworkConfig
from swapper.models.rafswap import RAFSwap
from swapper.models.simswap import SimSwapGenerator
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder, SmoothIdentityEmbedderConfig
from swapper.registry import NETWORKS
from swapper.types import UserError

METHODS: dict[str, Any] = {
    "MobileFaceSwap": MobileFaceSwapMethod,
    "AEINet": GhostMethod,
    "SimSwapGenerator": SimSwapMethod,
    "NCSNppGenerator": SmoothSwapMethod,
    "RAFSwap": RAFSwapMethod,
}
REPO = "someone/occlusion"
CROPS = {"template": "tight", "size": "128"}


@pytest.fixture
def repositories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Repositories]:
    with served(monkeypatch, tmp_path / "cache") as found:
        yield found


def network(value: float) -> OcclusionNetwork:
    """A small network whose weights are all one value."""
    made = OcclusionNetwork(OcclusionNetworkConfig.lite()).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(value)
    return made


def folder_of(value: float, folder: Path) -> Path:
    network(value).save_pretrained(folder, crops=CROPS)
    return folder


def value_of(loaded: OcclusionNetwork) -> float:
    return float(next(loaded.parameters()).detach().flatten()[0])


@pytest.mark.parametrize("network", [MobileFaceSwap, AEINet, SimSwapGenerator, NCSNppGenerator, RAFSwap])
def test_every_method_loads_with_from_pretrained(network: Any, tmp_path):
    first = network(network.Config.lite()).eval()
    first.save_pretrained(tmp_path, crops={"template": "ffhq", "size": "256"})
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    loaded: Any = PRETRAINED[network.__name__].from_pretrained(str(tmp_path))
    assert isinstance(loaded, network) and asdict(loaded.config) == asdict(first.config)
    assert loaded.crops == {"template": "ffhq", "size": "256"}
    for key, value in first.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[key]), key
    others: dict[str, Any] = {}
    if network is NCSNppGenerator:
        others["embedder"] = SmoothIdentityEmbedder(SmoothIdentityEmbedderConfig.lite())
    method = METHODS[network.__name__](torch.device("cpu"), loaded, template=loaded.crops["template"], **others)
    assert any(part is loaded for part in vars(method).values())


KINDS = {info.class_name: info for info in NETWORKS.values() if "lite" in info.sizes}


def test_every_class_is_tried() -> None:
    assert {info.class_name for info in NETWORKS.values()} == set(KINDS) and len(KINDS) > 20


@pytest.mark.parametrize("name", KINDS)
def test_every_network_goes_to_a_folder_and_comes_back(name: str, tmp_path: Path) -> None:
    kind = KINDS[name].network
    assert getattr(hub, name) is PRETRAINED[name] is kind
    first = kind(KINDS[name].presets()["lite"])
    first.save_pretrained(tmp_path)
    loaded = kind.from_pretrained(tmp_path)
    assert type(loaded) is kind and loaded.config == first.config and loaded.crops == {} and not loaded.training
    state = first.state_dict()
    assert state.keys() == loaded.state_dict().keys()
    assert all(torch.equal(value, state[key]) for key, value in loaded.state_dict().items())


def test_a_network_can_be_trained_on(tmp_path: Path) -> None:
    loaded = OcclusionNetwork.from_pretrained(folder_of(0.5, tmp_path))
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_a_folder_of_another_network_is_refused(tmp_path):
    LandmarkNetwork(LandmarkNetworkConfig.lite()).save_pretrained(tmp_path)
    with pytest.raises(
        UserError, match=r"it contains LandmarkNetwork, not AEINet\. Use LandmarkNetwork\.from_pretrained"
    ):
        PRETRAINED["AEINet"].from_pretrained(str(tmp_path))


def test_shipped_weights_come_by_their_name() -> None:
    loaded = AEINet.from_pretrained("ghost-lite")
    shipped = hub.load(AEINet, "ghost-lite")
    said = hub.metadata("ghost-lite")
    assert loaded.crops == {key: said[key] for key in ("template", "size", "pipeline")} and said["size"] == "192"
    assert all(torch.equal(value, shipped.state_dict()[key]) for key, value in loaded.state_dict().items())
    with pytest.raises(UserError, match="contains AEINet, not RAFSwap"):
        RAFSwap.from_pretrained("ghost-lite")


def test_a_repository_gives_the_revision_that_is_asked_for(repositories: Repositories, tmp_path: Path) -> None:
    first = repositories.commit(REPO, folder_of(0.25, tmp_path / "a"), "v1", "main")
    repositories.commit(REPO, folder_of(0.75, tmp_path / "b"), "main")
    assert value_of(OcclusionNetwork.from_pretrained(REPO)) == 0.75
    assert value_of(OcclusionNetwork.from_pretrained(REPO, revision="v1")) == 0.25
    assert value_of(OcclusionNetwork.from_pretrained(REPO, revision=first)) == 0.25
    assert OcclusionNetwork.from_pretrained(REPO, revision="v1").crops == CROPS
    assert repositories.downloaded.count("model.safetensors") == 2, "the cache is used"
    with pytest.raises(
        UserError, match=rf"there is no {REPO} at revision v9 on the Hub \(404\)\. Check the repository"
    ):
        OcclusionNetwork.from_pretrained(REPO, revision="v9")


def test_both_files_are_of_one_commit(repositories: Repositories, tmp_path: Path) -> None:
    commit = repositories.commit(REPO, folder_of(0.25, tmp_path / "a"), "main")
    OcclusionNetwork.from_pretrained(REPO)
    assert {revision for revision, name in repositories.asked if name == "model.safetensors"} == {commit}


def test_what_was_downloaded_serves_without_the_hub(
    repositories: Repositories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories.commit(REPO, folder_of(0.25, tmp_path / "a"), "main")
    with pytest.raises(UserError, match=r"config\.json is not on this machine, and only local files were asked for\."):
        OcclusionNetwork.from_pretrained(REPO, local_files_only=True)
    assert not repositories.asked
    OcclusionNetwork.from_pretrained(REPO)
    repositories.asked.clear()
    assert value_of(OcclusionNetwork.from_pretrained(REPO, local_files_only=True)) == 0.25
    assert not repositories.asked
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert value_of(OcclusionNetwork.from_pretrained(REPO)) == 0.25
    with pytest.raises(
        UserError, match=r"someone/other': config\.json .*it cannot be downloaded because HF_HUB_OFFLINE is set"
    ):
        OcclusionNetwork.from_pretrained("someone/other")


def test_a_folder_of_downloads_may_be_given(repositories: Repositories, tmp_path: Path) -> None:
    repositories.commit(REPO, folder_of(0.25, tmp_path / "a"), "main")
    OcclusionNetwork.from_pretrained(REPO, cache_dir=tmp_path / "elsewhere")
    assert list((tmp_path / "elsewhere").rglob("model.safetensors")) and not (tmp_path / "cache").exists()


def test_weights_that_are_not_what_the_hub_says_are_refused(
    repositories: Repositories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(0.25, tmp_path / "a")
    said = json.loads((folder / "config.json").read_text())
    del said["sha256"]  # as in repositories that others made
    (folder / "config.json").write_text(json.dumps(said))
    repositories.commit(REPO, folder, "main")
    repositories.claimed["model.safetensors"] = "0" * 64
    with pytest.raises(UserError, match=r"the download of model\.safetensors is corrupt .* It was removed; try again"):
        OcclusionNetwork.from_pretrained(REPO)
    del repositories.claimed["model.safetensors"]
    assert value_of(OcclusionNetwork.from_pretrained(REPO)) == 0.25


def test_weights_that_were_replaced_are_refused(
    repositories: Repositories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = folder_of(0.25, tmp_path / "a"), folder_of(0.75, tmp_path / "b")
    (folder / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    with pytest.raises(UserError, match=r"model\.safetensors is corrupt or is a different file: its SHA-256 is"):
        OcclusionNetwork.from_pretrained(folder)
    repositories.commit(REPO, folder, "main")
    with pytest.raises(UserError, match=r"the download of model\.safetensors is corrupt or is a different file"):
        OcclusionNetwork.from_pretrained(REPO)


def test_folders_that_the_hubs_own_mixin_wrote_load_too(tmp_path: Path) -> None:
    made = network(0.5)
    save_model(made, str(tmp_path / "model.safetensors"))
    said = {"network": "OcclusionNetwork", "sizes": asdict(made.config), "crops": {}}
    (tmp_path / "config.json").write_text(json.dumps(said))
    assert value_of(OcclusionNetwork.from_pretrained(tmp_path)) == 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), r"model\.safetensors is missing"),
        (lambda folder: (folder / "config.json").unlink(), r"config\.json is missing"),
        (lambda folder: (folder / "config.json").write_text("{}"), r"config\.json is not one of ours"),
        (lambda folder: (folder / "config.json").write_text("[1]"), r"config\.json is not one of ours"),
        (lambda folder: change_config(folder, sizes={"colour": 1}), "does not fit this version's OcclusionNetwork"),
        (lambda folder: change_config(folder, sizes={"expansion": 3}), "does not fit this version's OcclusionNetwork"),
        (lambda folder: spoil(folder), "does not fit this version's OcclusionNetwork"),
    ],
)
def test_folders_that_cannot_be_used_are_refused(change: Any, said: str, tmp_path: Path) -> None:
    folder = folder_of(0.5, tmp_path / "a")
    change(folder)
    with pytest.raises(UserError, match=said):
        OcclusionNetwork.from_pretrained(folder)


def change_config(folder: Path, **changes: Any) -> None:
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(said | changes))


def spoil(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"nothing")
    change_config(folder, sha256=None)


@pytest.mark.parametrize("name", ["./nowhere", "a/b/c", "-"])
def test_what_names_nothing_is_refused(name: str, repositories: Repositories) -> None:
    with pytest.raises(UserError, match="this is neither a folder, nor the name of weights, nor that of a repository"):
        OcclusionNetwork.from_pretrained(name)
    assert not repositories.asked


def test_what_a_run_says_of_its_crops_is_kept(tmp_path: Path) -> None:
    loaded = OcclusionNetwork.from_pretrained(folder_of(0.5, tmp_path / "a"))
    loaded.save_pretrained(tmp_path / "b")
    assert OcclusionNetwork.from_pretrained(tmp_path / "b").crops == CROPS
    card = tmp_path / "b" / "README.md"
    assert "from swapper.models.occlusion import OcclusionNetwork" in card.read_text()
    card.write_text("mine")
    loaded.save_pretrained(tmp_path / "b")
    assert card.read_text() == "mine"


def test_a_network_is_pushed_as_it_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}

    class Api:
        def __init__(self, token: str | None) -> None:
            told["token"] = token

        def create_repo(self, repo_id: str, **options: Any) -> SimpleNamespace:
            told["created"] = (repo_id, options)
            return SimpleNamespace(repo_id=f"me/{repo_id}")

        def upload_folder(self, folder_path: str, **options: Any) -> str:
            told["uploaded"] = options
            told["weights"] = load_file(Path(folder_path) / "model.safetensors")
            told["card"] = (Path(folder_path) / "README.md").read_text()
            return "https://hub/commit"

    monkeypatch.setattr(pretrained, "HfApi", Api)
    made = network(0.5)
    assert made.push_to_hub("mine", private=True, token="secret", branch="v2") == "https://hub/commit"
    assert told["token"] == "secret" and told["created"] == ("mine", {"private": True, "exist_ok": True})
    assert told["uploaded"]["repo_id"] == "me/mine" and told["uploaded"]["revision"] == "v2"
    assert 'OcclusionNetwork.from_pretrained("me/mine")' in told["card"]
    assert all(torch.equal(value, told["weights"][key]) for key, value in made.state_dict().items())


def test_a_hub_that_takes_nothing_is_told_plainly(repositories: Repositories) -> None:
    with pytest.raises(UserError, match=r"Repository 'me/mine': the Hub rejects it \(.*HF_TOKEN"):
        network(0.5).push_to_hub("me/mine", token="hf_wrong")
