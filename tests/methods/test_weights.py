"""A weights file says what a swap with it needs, and what does not belong together is refused."""

import json
from functools import partial
from pathlib import Path
from shutil import copy

import numpy as np
import onnx
import pytest
import torch
from clips import write_clip
from official_keys import small_checkpoint, write_checkpoint
from published_pipelines import official_file, official_files

from swapper import FaceSwapper, hub
from swapper.batch.job import JobSettings
from swapper.batch.manifest import Defaults, read_jobs
from swapper.batch.swapping import Swapping
from swapper.bench import photo
from swapper.cli.main import main
from swapper.convert import convert
from swapper.images import read_image
from swapper.methods.ghost import GhostMethod
from swapper.methods.weights import own_swappers
from swapper.models.arcface import IResNet, IResNetConfig
from swapper.models.ghost import AEINet
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.provenance import MarkSettings
from swapper.types import UserError
from swapper.video.io import VideoReader

pytestmark = pytest.mark.slow


def swapper_of(weights: Path, method: str | None = None) -> FaceSwapper:
    return FaceSwapper(method, "cpu", weights=weights, restore="none", threads=1)


def test_a_file_names_its_method_and_says_what_it_needs(tmp_path: Path) -> None:
    weights = official_files("ghost", tmp_path)
    method = swapper_of(weights).method
    assert (method.name, method.template, method.size) == ("ghost", "arcface_112_v1", 256)
    said = hub.read_metadata(weights)
    assert said["licence"] == "Apache-2.0" and said["origin"] == "ai-forever/ghost"
    needs = json.loads(said["pipeline"])
    assert needs["alignment"] == {"template": "arcface_112_v1", "size": 256, "fit": "poses"}
    assert needs["identity"]["weights"] == "arcface-iresnet100" and not needs["identity"]["unit"]
    assert (needs["range"], needs["colours"], needs["mask"]) == ("-1..1", "rgb", "whole")


def test_a_name_in_the_users_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official_files("simswap", tmp_path)
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    for swapper in (FaceSwapper("simswap@official", "cpu"), FaceSwapper("simswap", "cpu", weights="official")):
        assert (swapper.method.template, swapper.method.size) == ("arcface_112_v1", 224)


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    weights = official_files("ghost", tmp_path)
    identity = tmp_path / "arcface-iresnet100.safetensors"
    with pytest.raises(
        UserError, match=r"it contains weights of 'ghost', not of 'simswap'\. Choose the method 'ghost'"
    ):
        swapper_of(weights, "simswap")
    with pytest.raises(UserError, match="contains IResNet, which does not swap faces"):
        swapper_of(identity)
    with pytest.raises(UserError, match="Method 'warp' takes no file of weights"):
        swapper_of(weights, "warp")
    with pytest.raises(UserError, match=r"gone\.safetensors': file not found"):
        swapper_of(tmp_path / "gone.safetensors")
    official_file("arcface", 8, "arcface-iresnet100", tmp_path, 1)
    with pytest.raises(UserError, match="its vectors have 64 numbers, and the swapping network takes 32"):
        swapper_of(weights)
    shallow = IResNet(IResNetConfig((3, 4, 14, 3), (4, 8, 16, 32), 32))
    hub.save(shallow, identity)
    with pytest.raises(
        UserError, match=r"stages of \(3, 4, 14, 3\) blocks, but .* \(3, 13, 30, 3\)\. Make the right one"
    ):
        swapper_of(weights)
    official_file("arcface-se", 4, "arcface-iresnet100", tmp_path, 1)
    with pytest.raises(UserError, match="it contains IRSE, but the swapping network was trained with IResNet"):
        swapper_of(weights)
    identity.unlink()
    with pytest.raises(UserError, match=r"this is a folder\. Give the file in it"):
        swapper_of(tmp_path)
    with pytest.raises(UserError, match=r"this is an address\. Download the file, and give its path"):
        swapper_of(Path("https://example.org/ghost.safetensors"))
    command = rf"weights convert arcface FILE -o {tmp_path}/arcface-iresnet100\.safetensors"
    with pytest.raises(UserError, match=f"is neither beside the weights nor in .* Make it with: .*{command}"):
        swapper_of(weights)


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("colours", "bgr", "its colour order is 'bgr', and this version knows 'rgb'"),
        ("range", "imagenet", "computes with colours of imagenet, but they are -1..1"),
        ("mask", "network", "its mask is 'network', and this version knows 'whole'"),
        ("alignment", {"template": "round", "size": 256, "fit": "similarity"}, "its template 'round' is unknown here"),
        ("alignment", {"template": "ffhq", "size": 256, "fit": "by eye"}, "its fit is 'by eye'"),
        ("alignment", {"template": "ffhq"}, "its pipeline cannot be read"),
        ("system", "simswap", "it contains weights of 'simswap', not of 'ghost'"),
        ("alignment", {"template": "tight", "size": 256, "fit": "poses"}, "its template of five poses is 'tight'"),
        ("alignment", {"template": "ffhq", "size": 10**9, "fit": "fixed"}, "its crops are 1000000000 pixels wide"),
        ("alignment", {"template": "ffhq", "size": 0, "fit": "fixed"}, "its crops are 0 pixels wide"),
        ("identity", None, "its identity network is 'none', and this version knows 'IResNet', 'MobileFaceNet'"),
        ("identity.network", "IRSE", "its identity network is 'IRSE'"),
        ("identity.range", "0..1", "it computes with colours of -1..1, and the weights say 0..1"),
        ("identity.side", 0, "its crops are 0 pixels wide"),
        ("identity.side", "112", "its pipeline cannot be read"),
        ("identity.unit", "no", "its pipeline cannot be read"),
        ("identity.side", 56, "its identity network is given 56 pixels, and IResNet takes 112"),
        ("identity.weights", 5, "its pipeline cannot be read"),
        ("identity.weights", "../elsewhere", "its pipeline cannot be read"),
        ("identity.made_by", "rm -rf /", None),
        ("identity.weights", "mine", r"Make it with: python -m swapper weights convert arcface FILE -o .*/mine\.safe"),
        ("speed", "high", "its pipeline cannot be read"),
    ],
)
def test_a_file_that_says_something_else_is_refused(
    entry: str, value: object, message: str | None, tmp_path: Path
) -> None:
    weights = official_files("ghost", tmp_path)
    if message is None:  # what counts is the command of this version
        (tmp_path / "arcface-iresnet100.safetensors").unlink()
        message = r"Make it with: python -m swapper weights convert arcface FILE"
    network = hub.load_path(AEINet, weights)
    said = hub.read_metadata(weights)
    needs = json.loads(said["pipeline"])
    part, _, name = entry.rpartition(".")
    (needs[part] if part else needs)[name] = value
    hub.save(network, weights, {"pipeline": json.dumps(needs)})
    with pytest.raises(UserError, match=message):
        swapper_of(weights, "ghost")
    hub.save(network, weights)
    with pytest.raises(UserError, match=r"it does not say which crops its network takes\. Convert the official"):
        swapper_of(weights)


def test_the_identity_network_of_a_linked_file_lies_beside_the_file(tmp_path: Path) -> None:
    weights, links = official_files("mobilefaceswap", tmp_path), tmp_path / "my links"
    links.mkdir()
    (links / "official.safetensors").symlink_to(weights)
    assert swapper_of(links / "official.safetensors").method.size == 224
    (tmp_path / "arcface-se.safetensors").unlink()
    with pytest.raises(UserError, match=f"-o '{links}/arcface-se.safetensors'$"):
        swapper_of(links / "official.safetensors")


def test_values_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    weights = official_files("mobilefaceswap", tmp_path)
    network = hub.load_path(MobileFaceSwap, weights)
    for value in (float("nan"), float("inf")):
        bias = network.state_dict()["final.1.bias"]
        bias[0] = value
        hub.save(network, weights, hub.read_metadata(weights))
        with pytest.raises(UserError, match=r"its tensor final\.1\.bias holds values that are no numbers"):
            swapper_of(weights)
    path, arrays = small_checkpoint("mobilefaceswap", tmp_path)
    arrays["final.1.bias"][0] = np.nan
    write_checkpoint("mobilefaceswap", arrays, tmp_path)
    with pytest.raises(UserError, match=rf"{path.name}: its tensor .* holds values that are no numbers"):
        convert("mobilefaceswap", path, tmp_path / "converted.safetensors")


def test_identities_of_others_are_refused(portraits: list[Path], tmp_path: Path) -> None:
    official = swapper_of(official_files("ghost", tmp_path))
    shipped = FaceSwapper("ghost", "cpu", restore="none")
    other = FaceSwapper("mobilefaceswap", "cpu", restore="none")
    person = shipped.identify(portraits[0])
    with pytest.raises(UserError, match="measured with 'arcface-mobile', and these weights of 'ghost' take those of"):
        official.swap_image(person, portraits[1])
    with pytest.raises(UserError, match="made by the method 'ghost', and 'mobilefaceswap' cannot use it"):
        other.swap_image(person, portraits[1])
    with pytest.raises(UserError, match="made by the method 'mobilefaceswap', and 'ghost' cannot use it"):
        shipped.swap_image(other.identify(portraits[0]), portraits[1])
    with pytest.raises(UserError, match="cannot use it"):
        FaceSwapper("warp", "cpu", restore="none").swap_image(person, portraits[1])
    with pytest.raises(UserError, match="cannot use it"):
        other.swap_video(person, "clip.mp4", tmp_path / "out.mp4")


@pytest.mark.slow  # three commands; photos, videos and batches have tests of their own
def test_every_command_takes_the_file(
    portraits: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The picture says which weights made it; the network of a person, how its faces are cut."""
    weights, photos = official_files("mobilefaceswap", tmp_path), [str(path) for path in portraits[:3]]
    own = ["--weights", str(weights)]
    assert main(["image", *photos[:2], "-o", str(tmp_path / "out.png"), "--restore", "none", *own]) == 0
    assert main(["provenance", str(tmp_path / "out.png")]) == 0
    assert "method mobilefaceswap@official" in capsys.readouterr().out
    assert main(["export", photos[0], "-o", str(tmp_path / "face.onnx"), *own]) == 0
    said = {entry.key: entry.value for entry in onnx.load(tmp_path / "face.onnx").metadata_props}
    assert (said["template"], said["fit"], said["size"]) == ("arcface", "affine", "224")
    short = ["--steps", "1", "--against", "none"]
    assert main(["interpolate", *photos, "-o", str(tmp_path / "steps"), *short, *own]) == 0
    assert (tmp_path / "steps" / "frame-02.png").is_file()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The option with a converted checkpoint of random weights."""
    return ["--weights", str(official_files("mobilefaceswap", tmp_path_factory.mktemp("own")))]


def test_a_video_is_swapped_with_the_file(
    own: list[str], portraits: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = read_image(portraits[1])[::2, ::2]
    clip, out = write_clip(tmp_path / "clip.mp4", [picture] * 3), tmp_path / "out.mp4"
    assert main(["video", str(portraits[0]), str(clip), "-o", str(out), "--restore", "none", *own]) == 0
    assert "swapped faces in 3 of 3 frames" in capsys.readouterr().out
    swapped, encoded = (
        np.percentile(np.abs(next(iter(VideoReader(path).frames())).image.astype(int) - picture), 99)
        for path in (out, clip)
    )
    assert swapped > 3 * encoded, "more than a codec changes"
    assert main(["provenance", str(out)]) == 0
    assert "method mobilefaceswap@official" in capsys.readouterr().out


def test_a_batch_is_done_with_the_file(own: list[str], portraits: list[Path], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    copy(portraits[1], tmp_path / "in" / "a.jpg")
    defaults = Defaults((portraits[0],), (), JobSettings(weights=own[1], restore="none"))
    (job,) = read_jobs(tmp_path / "in", tmp_path / "out", defaults)
    done = Swapping(tmp_path / "out", "cpu", MarkSettings())(job, lambda _share: None)
    assert done.faces == 1 and (tmp_path / "out" / "a.jpg").is_file()


def test_methods_are_compared_with_the_file(
    own: list[str], portraits: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = tmp_path / "again" / "official.safetensors"
    again.parent.mkdir()
    copy(own[1], again)
    for name, portrait in (("sources", portraits[0]), ("targets", portraits[1])):
        (tmp_path / name).mkdir()
        copy(portrait, tmp_path / name)
    folders = ["--sources", str(tmp_path / "sources"), "--targets", str(tmp_path / "targets")]
    given = ["compare", *folders, "--methods", "warp", "-o", str(tmp_path / "report"), *own]
    assert main([*given, "--weights", str(again)]) == 2
    assert "would both be called 'mobilefaceswap@official'. Rename one of them." in capsys.readouterr().err
    assert main(given) == 0
    assert "mobilefaceswap@official" in capsys.readouterr().out
    measured = json.loads((tmp_path / "report" / "report.json").read_text())["methods"]
    assert [one["name"] for one in measured][-2:] == ["warp", "mobilefaceswap@official"]


def test_the_file_is_benched(
    own: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(photo, "FRAMES", {"small": (480, 360)})
    monkeypatch.setattr(photo, "pipeline_report", partial(photo.pipeline_report, repeats=1))
    assert main(["bench", "--json", *own]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["method"] == "mobilefaceswap@official" and all(row["swap"] > 0 for row in report["rows"])
    for option in ("--models", "--marks", "--soak"):
        assert main(["bench", option, *own]) == 2
        assert f"does not work together with {option}. Leave one of the two out." in capsys.readouterr().err


def test_conversion_says_what_has_to_lie_beside_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    official_files("ghost", tmp_path)
    assert (
        main(["weights", "convert", "ghost", str(tmp_path / "ghost.pth"), "-o", str(tmp_path / "g.safetensors")]) == 0
    )
    said = capsys.readouterr().out
    assert "arcface-iresnet100.safetensors has to lie beside it: python -m swapper weights convert arcface FILE" in said
    assert said.endswith(f"-o {tmp_path}/arcface-iresnet100.safetensors\n")
    assert main(["weights", "convert", "arcface", str(tmp_path / "arcface.pth")]) == 0
    assert "has to lie" not in capsys.readouterr().out


def test_what_is_no_weights_file_in_the_users_folder_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    official_files("ghost", tmp_path)
    (tmp_path / "folder.safetensors").mkdir()
    (tmp_path / "empty.safetensors").touch()
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    assert own_swappers() == ["ghost@official"]


def test_a_network_keeps_what_its_file_says(tmp_path: Path) -> None:
    """A method that is given the network alone does not mix its crops with another identity network."""
    network = hub.load_path(AEINet, official_files("ghost", tmp_path))
    with pytest.raises(UserError, match=r"'arcface-iresnet100': .* Make it with: .* convert arcface FILE"):
        GhostMethod(torch.device("cpu"), network=network)
    identity = hub.load_path(IResNet, tmp_path / "arcface-iresnet100.safetensors")
    method = GhostMethod(torch.device("cpu"), network=network, arcface=identity)
    assert (method.template, method.size, method.fit) == ("arcface_112_v1", 256, "poses")
    ours = GhostMethod(torch.device("cpu"), network=hub.load(AEINet, "ghost-lite"))
    assert (ours.template, ours.size, ours.fit) == ("tight", 192, "fixed")
