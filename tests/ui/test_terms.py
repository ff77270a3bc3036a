"""What the app says of the weights that somebody chooses, and whom it makes them trust."""

from pathlib import Path

import gradio as gr
import pytest

from swapper import hub
from swapper.compose.settings import BlendSettings
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.registry.pipelines import PUBLISHED
from swapper.types import UserError
from swapper.ui import settings_panel
from swapper.ui.languages import korean, korean_markup
from swapper.ui.settings_panel import SettingsPanel, build_settings_panel, read
from swapper.ui.swappers import offered_methods
from swapper.ui.terms import NOT_TRUSTED, licence, require_trust, trust_asked, trust_box


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's with the files of hyperswap, which is verified, and of a GHOST, which is not."""
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    for name in ("hyperswap_1a_256", "w600k_r50", "ghost_2_256", "crossface_ghost"):
        (tmp_path / f"{name}.onnx").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("ghost", "Licence of the weights: research only, non-commercial."),
        ("warp", "It needs no weights."),
        (
            "onnx:hyperswap_1a_256",
            "Licence of the weights: ResearchRAIL + InsightFace model terms (non-commercial research only).",
        ),
    ],
)
def test_the_licence_is_that_of_all_files(method: str, said: str) -> None:
    assert licence(method) == f'<p class="hint">{said}</p>'
    assert korean_markup(licence(method)) != licence(method)


def test_the_licence_of_a_users_own_file_is_what_it_says(published: Path) -> None:
    network = AEINet(AEINetConfig(attributes=(8, 8, 12, 16), widths=(16, 16, 12, 12, 8)))
    hub.save(network, published / "mine.safetensors", PUBLISHED["ghost"].metadata())
    assert "Licence of the weights: Apache-2.0." in licence("ghost@mine")


def panel(moving: bool = False) -> SettingsPanel:
    with gr.Blocks():
        return build_settings_panel(moving)


def test_a_published_swapper_leads_and_the_shipped_one_is_a_click_away(published: Path) -> None:
    labels = offered_methods()
    assert list(labels)[:2] == ["onnx:hyperswap_1a_256", "ghost"]
    assert labels["onnx:ghost_2_256"] == "ghost_2_256 (unverified)"
    with gr.Blocks() as page:
        built = build_settings_panel()
    blocks = {block.elem_id: block for block in page.blocks.values() if getattr(block, "elem_id", None)}
    assert built.method.value == "onnx:hyperswap_1a_256" and not built.trust.visible
    assert "ResearchRAIL" in blocks["licence"].value
    back = blocks["shipped"]
    assert back.visible and back.value == f"Use {labels['ghost']}, which ships with the app"
    (click,) = [f for f in page.fns.values() if any(target[0] == back._id for target in f.targets)]
    assert click.fn() == "ghost" and [out._id for out in click.outputs] == [built.method._id]
    assert panel(moving=True).method.value == "mobilefaceswap"


def test_what_stands_below_the_chooser_follows_it(published: Path) -> None:
    with gr.Blocks() as page:
        built = build_settings_panel()
    changes = [f for f in page.fns.values() if any(target == (built.method._id, "change") for target in f.targets)]
    (chosen,) = [f for f in changes if f.inputs == [built.method]]
    dropdown, terms, back = chosen.fn("warp")
    assert dropdown.info.startswith("Warps") and "needs no weights" in terms and not back.visible
    assert chosen.fn("onnx:ghost_2_256")[2].visible


def test_unverified_weights_are_used_when_the_box_is_ticked_alone(published: Path) -> None:
    usual = [component.value for component in panel().blend]
    with pytest.raises(UserError, match=r"ghost_2_256\.onnx is unverified, since no SHA-256 of it is on record\. If"):
        read(["onnx:ghost_2_256", "none", False, *usual])
    for truthy in (1, "yes"):
        with pytest.raises(UserError, match="is neither true nor false"):
            read(["onnx:ghost_2_256", "none", truthy, *usual])
    with pytest.raises(UserError, match="tick the box below the method"):
        read(["onnx:ghost_2_256", "none", None, *usual])
    assert read(["onnx:ghost_2_256", "none", True, *usual]) == ("onnx:ghost_2_256", "none", BlendSettings())
    assert read(["onnx:hyperswap_1a_256", "none", False, *usual])[0] == "onnx:hyperswap_1a_256"


def test_the_box_appears_where_it_is_asked_for_and_is_never_ticked_by_itself(published: Path) -> None:
    with gr.Blocks():
        assert not trust_box(["ghost", "warp"]).visible
        assert trust_box(["ghost", "onnx:ghost_2_256"]).visible
    asked = trust_asked("onnx:ghost_2_256", "none")
    assert asked.visible and asked.value is False
    assert (
        asked.info == "ghost_2_256.onnx is unverified, since no SHA-256 of it is on record. Nothing in it can run code."
    )
    for sent in ("ghost", ["warp", 7], None, {"a": 1}):
        assert not trust_asked(sent, 3).visible
    assert trust_asked(["warp", "onnx:ghost_2_256"]).visible


def test_nobody_is_asked_about_what_the_app_does_not_offer() -> None:
    require_trust(False, ["onnx:blendswap_256"])


def test_it_is_said_in_korean_too(published: Path) -> None:
    with pytest.raises(UserError) as found:
        require_trust(False, ["onnx:ghost_2_256"], sentence=NOT_TRUSTED)
    assert "기록된 SHA-256이 없음" in korean(str(found.value))
    assert korean(settings_panel.SHIPPED.format(method="GHOST")) == "앱에 포함된 GHOST 쓰기"
