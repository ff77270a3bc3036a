"""Everything the app says, in Korean too."""

import ast
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.context import LocalContext
from gradio.i18n import I18nData

from swapper.metrics.metric_list import METRICS
from swapper.registry import METHODS
from swapper.runtime.limits import Limits
from swapper.ui import languages
from swapper.ui.build import build_app
from swapper.ui.languages import in_korean, korean, korean_markup, offer_korean, said, said_markup

UI = Path(languages.__file__).parent
ROWS = json.loads((UI / "korean.json").read_text(encoding="utf-8"))
SAME = {"Swapper", "GFPGAN", "MobileFaceSwap", "GHOST", "MP4", "GIF", "AV1"}  # names
HANGUL = re.compile("[가-힣]")


@pytest.fixture
def korean_browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    token = LocalContext.request.set(SimpleNamespace(headers={"accept-language": "ko-KR,ko;q=0.9,en;q=0.8"}))  # type: ignore[arg-type]
    yield
    LocalContext.request.reset(token)


def texts(app: gr.Blocks) -> Iterator[str]:
    """What a page says from the start, as people read it."""
    for block in app.blocks.values():
        yield from (value for word in ("label", "info") if isinstance(value := getattr(block, word, None), str))
        if isinstance(block, gr.HTML | gr.Button) and isinstance(block.value, str):
            yield from (html.unescape(part).strip() for part in languages._PARTS.split(block.value)[::2])
        if isinstance(block, gr.Radio | gr.CheckboxGroup | gr.Dropdown):
            yield from (name for name, _ in block.choices)


def test_everything_on_the_page_is_translated(swappers):
    found = {text for text in texts(build_app(Limits(), swappers)) if re.search("[A-Za-z]{2}", text)}
    assert len(found) > 60
    missing = {text for text in found if not HANGUL.search(korean(text))} - SAME
    assert {text for text in missing if not re.fullmatch(r"\d+(st|nd|rd|th)", text)} == set()


def test_what_gradios_components_say_by_themselves_is_said_in_both_languages():
    folder = Path(gr.__file__).parent / "templates" / "frontend" / "assets"
    scripts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.js")}
    components = [text for name, text in scripts.items() if not re.match(r"(core|[a-z]{2}(-[A-Z]{2})?)-", name)]
    used = {found for text in components for found in re.findall(r"`((?:common|image_editor)\.[a-z_]+)`", text)}
    assert len(used) > 40 and "common.webcam" in used
    with gr.Blocks() as app:
        gr.Image()
    offered = offer_korean(app).translations
    for language, name in (("en", "core-"), ("ko", "ko-")):
        own = next(text for script, text in scripts.items() if script.startswith(name))
        known = {
            f"{section}.{key}"
            for section in ("common", "image_editor")
            for short in re.findall(rf"\b{section}:(?:\(\)=>)?([\w$]+)|([\w$]+) as {section}\b", own)
            for words in re.findall(rf"\b{re.escape(''.join(short))}=\{{(.*?)\}}[,;]", own)
            for key in re.findall(r"([a-z_]+):`", words)
        }
        assert len(known) > 15
        assert used - known - set(offered[language]) == set()


def test_what_is_said_of_every_method_and_metric_is_translated():
    said = [text for info in METHODS.values() for text in (info.label, info.sentence)]
    said += [metric.meaning for metric in METRICS]
    assert len(said) > 20 and [text for text in said if not HANGUL.search(korean(text))] == []


def test_what_is_filled_in_is_the_same_in_both_languages():
    assert len(ROWS) > 200
    for english, translated in ROWS.items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", translated)), english


def sentences(path: Path) -> Iterator[str]:
    """What a module's ``UserError``s and upper-case constants say, with x where something is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        raised = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UserError"
        if (
            isinstance(node, ast.Call)
            and raised
            and node.args
            and isinstance(node.args[0], ast.Constant | ast.JoinedStr)
        ):
            parts = node.args[0].values if isinstance(node.args[0], ast.JoinedStr) else [node.args[0]]
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "x").isupper():
            value = getattr(node.value, "value", None)
            if isinstance(value, str) and re.search(r"[a-z] .*\.$", value):
                yield re.sub(r"\{\w+\}", "x", value)


# What only programs and the command line are told.
ELSEWHERE = (
    "Install what requirements.txt asks for",
    "Pass ",
    "folder not found",
    "this is a folder",
    "Output 'x'",
    "Array of",
    "Download one with",
    "gradio_client",
)


ANSWERS_PROGRAMS = UI / "api.py"
SHOWN = [path for path in sorted(UI.rglob("*.py")) if path != ANSWERS_PROGRAMS]


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: str(path.relative_to(UI)))
def test_every_sentence_of_the_interface_is_translated(path: Path):
    missing = [text for text in sentences(path) if not any(part in text for part in ELSEWHERE)]
    assert [text for text in missing if not HANGUL.search(korean(text))] == []


@pytest.mark.parametrize(
    ("english", "translated"),
    [
        ("Swap faces", "얼굴 바꾸기"),
        ("Face 2 becomes", "얼굴 2: 누구로 바꿀까요?"),
        ("Picture 'a b.png': the file is empty. Copy or download it again.", "사진 'a b.png': 파일이 비어 있습니다."),
        (
            "Picture 'x.gif': it has 90 megapixels, more than the limit of 64 megapixels. "
            "Make it smaller, or set SWAPPER_MAX_PIXELS.",
            "90메가픽셀",
        ),
        ("Nobody has said this before.", "Nobody has said this before."),
        ("2 of these and those.", "2 of these and those."),
        ("Move it to an other place.", "Move it to an other place."),
        ("6 pairs of 3 sources and 2 targets.", "소스 3개"),
        (
            "Video 'x': its times jump back, as where files were joined, and 3 of its frames were left out. "
            "Convert it to MP4 first to keep them.",
            "프레임 3개를 뺐습니다",
        ),
        (
            "Output 'a/b': this folder cannot be made (Permission denied). Choose another one.",
            "폴더를 만들 수 없습니다",
        ),
    ],
)
def test_sentences(english: str, translated: str):
    assert translated in korean(english)


def warnings(path: Path) -> Iterator[str]:
    """What a module of ``video`` says of a video, with x where something is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.FormattedValue):
            said = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            if re.fullmatch(r"x: [a-z].*[a-z]\.", said):
                yield f"Video 'a.mp4'{said[1:]}"


def test_what_is_said_of_a_video_is_translated():
    folder = UI.parent / "video"
    found = {text for path in folder.glob("*.py") for text in warnings(path)}
    named = (
        "Video 'a.mp4': x; the frames were left unchanged.",
        "Video 'a.mp4': x than the limit of x. Make it smaller.",
    )
    assert found.issuperset(named) and len(found) > 8
    found = found.difference(named) | {
        named[0].replace(": x", f": {why}")
        for why in ("no face was found in it", "Selected face 3 never appears: no frame has more than 2 faces")
    }
    assert [text for text in found if re.search("[a-z]{3} [a-z]{3}", korean(text))] == []


def test_markup_keeps_its_tags_and_stays_safe():
    assert korean_markup('<p title="Result"><b>Source</b> &lt;x&gt;</p>') == (
        '<p title="결과"><b>소스</b> &lt;x&gt;</p>'
    )
    drawn = "<style>.a{color:red}</style><th>pose ↓</th><small>0.75 to 3.00</small>"
    assert korean_markup(drawn) == "<style>.a{color:red}</style><th>자세 ↓</th><small>0.75 ~ 3.00</small>"
    nasty = "Picture '&lt;b&gt;me.jpg': file not found. Check the path."
    assert korean_markup(nasty).startswith("사진 &#x27;&lt;b&gt;me.jpg&#x27;: ")


def test_programs_and_english_browsers_get_english():
    assert not in_korean() and said("Result") == "Result" and said_markup("<b>Result</b>") == "<b>Result</b>"


def test_a_korean_browser_gets_korean(korean_browser):
    assert in_korean() and said("Result") == "결과" and said_markup("<b>Result</b>") == "<b>결과</b>"


def test_the_page_holds_both_languages(swappers):
    app = build_app(Limits(), swappers)
    offered = offer_korean(app).translations_dict
    assert set(offered) == {"en", "ko"} and set(offered["en"]) == set(offered["ko"])
    assert offered["ko"]["Swap faces"] == "얼굴 바꾸기" and offered["en"]["Swap faces"] == "Swap faces"
    marked = [block for block in app.blocks.values() if isinstance(getattr(block, "value", None), I18nData)]
    assert len(marked) > 10
