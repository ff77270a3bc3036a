from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from swapper import hub
from swapper.faces.detect import CenterFaceDetector
from swapper.images import read_image
from swapper.models.arcface import IResNet, IResNetConfig
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.pipeline import FaceSwapper
from swapper.provenance import Origin
from swapper.registry import METHODS, SYSTEMS, MethodInfo, System
from swapper.registry.pipelines import PUBLISHED
from swapper.types import UserError
from swapper.ui import swappers
from swapper.ui.languages import korean
from swapper.ui.swappers import SharedDetector, SwapperCache, offered_methods


def test_methods_without_their_weights_are_not_offered(monkeypatch: pytest.MonkeyPatch):
    rows = {
        "here": MethodInfo("m:C", "Here", "", 101, ("geometry-lite-onnx",)),
        "elsewhere": MethodInfo("m:C", "Elsewhere", "", 102, ("geometry-lite-onnx", "inswapper_128")),
        "free": MethodInfo("m:C", "Free", "", 103),
        "unknown": MethodInfo("m:C", "Unknown", "", 104, ("no such weights",)),
    }
    for name, info in rows.items():
        monkeypatch.setitem(SYSTEMS, name, System(name, info))
    offered = offered_methods()
    assert {"here": "Here", "free": "Free"}.items() <= offered.items()
    assert not {"elsewhere", "unknown"} & set(offered)


def cache(built: list[tuple[str, str]], size: int = 2) -> SwapperCache:
    def build(method: str, restore: str) -> FaceSwapper:
        built.append((method, restore))
        return object.__new__(FaceSwapper)

    return SwapperCache(build, size)


def test_swappers_are_built_once_and_shared():
    built: list[tuple[str, str]] = []
    shared = cache(built)
    with ThreadPoolExecutor(8) as pool:
        found = {id(swapper) for swapper in pool.map(lambda _: shared.get("warp"), range(32))}
    assert len(found) == len(built) == 1
    assert shared.finder() is shared.get("warp")


def test_the_usual_swapper_is_loaded_ahead_and_holds_nobody_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(swappers, "offered_methods", lambda: dict.fromkeys(["usual", "other"], ""))
    begun, go_on, built = Event(), Event(), []

    def build(method: str, restore: str) -> FaceSwapper:
        built.append(method)
        if method == "usual":
            begun.set()
            assert go_on.wait(60)
        return object.__new__(FaceSwapper)

    shared = SwapperCache(build)
    ahead = shared.load_ahead()
    assert begun.wait(60)
    shared.get("other")  # while the usual one is being loaded
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(shared.get)
        go_on.set()
        usual = asked.result(60)
    ahead.join(60)
    assert shared.get("usual") is usual and sorted(built) == ["other", "usual"]


def test_loading_ahead_leaves_errors_to_whoever_asks(monkeypatch: pytest.MonkeyPatch):
    def build(method: str, restore: str) -> FaceSwapper:
        raise UserError("damaged")

    shared = SwapperCache(build)
    shared.load_ahead().join(60)
    with pytest.raises(UserError, match="damaged"):
        shared.get("warp")


def test_nothing_is_loaded_ahead_where_a_gpu_is_only_lent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(swappers, "is_lent", lambda: True)
    built: list[tuple[str, str]] = []
    cache(built).load_ahead().join(60)
    assert not built


def test_the_swapper_used_least_recently_makes_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(swappers, "offered_methods", lambda: dict.fromkeys("abc", ""))
    built: list[tuple[str, str]] = []
    few = cache(built)
    for name in "abacab":
        few.get(name)
    assert [method for method, _ in built] == ["a", "b", "c", "b"]


def test_a_picture_is_searched_once_by_all_swappers(portraits, monkeypatch: pytest.MonkeyPatch):
    calls: list[tuple[int, ...]] = []
    detect = CenterFaceDetector.detect
    monkeypatch.setattr(CenterFaceDetector, "detect", lambda self, seen: calls.append(seen.shape) or detect(self, seen))
    shared, picture = SwapperCache(SharedDetector()), read_image(portraits[0])
    first, second = (shared.get("warp", restore).find_faces(picture) for restore in ("none", "renovation"))
    assert len(calls) == 1 and len(first) == 1
    assert (first[0].points == second[0].points).all()


@pytest.mark.parametrize(("method", "restore"), [("onnx:inswapper_128", "none"), ("../x", "none"), ("warp", "magic")])
def test_what_is_not_offered_is_not_built(method: str, restore: str):
    built: list[tuple[str, str]] = []
    with pytest.raises(UserError, match=r"is not available in this app\. Choose one of: \w+"):
        cache(built).get(method, restore)
    assert not built


def test_the_users_own_weights_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    network = AEINet(AEINetConfig(attributes=(8, 8, 12, 16), widths=(16, 16, 12, 12, 8)))
    hub.save(network, tmp_path / "mine.safetensors", PUBLISHED["ghost"].metadata())
    hub.save(network, tmp_path / "says nothing.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"?")
    assert not [name for name in offered_methods() if "@" in name], "its identity network is missing"
    sizes = IResNetConfig((3, 13, 30, 3), (4, 4, 4, 4), network.config.identity)
    hub.save(IResNet(sizes), tmp_path / "arcface-iresnet100.safetensors")
    offered = offered_methods()
    assert offered["ghost@mine"] == f"{METHODS['ghost'].label}, weights mine"
    assert [name for name in offered if "@" in name] == ["ghost@mine"]
    swapper = SwapperCache(lambda method, restore: FaceSwapper(method, "cpu", restore=restore)).get("ghost@mine")
    assert (swapper.method_name, swapper.method.name) == ("ghost@mine", "ghost")
    assert Origin(swapper.method_name).weights() == [{"name": "mine"}]
    assert Origin(swapper.method_name).message == Origin("ghost").message
    assert korean(offered["ghost@mine"]) == "GHOST (모든 크기의 속성), 가중치 mine"
