"""The mask of a result: a view of what was replaced, and painting over it."""

import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
from jaxtyping import Int8, UInt8

from swapper.compose.paint import Paint
from swapper.provenance import Origin
from swapper.studies.previews import shrink
from swapper.types import SwapResult, UserError
from swapper.ui.callout import callout
from swapper.ui.files import write_preview
from swapper.ui.image.editor import SIDE, read_layer
from swapper.ui.image.target import Target
from swapper.ui.layout import QUICK, Updates

TITLE = "Mask"
OPEN, CLOSE = "Show and change the mask", "Hide the mask"
HINT = (
    "What is replaced is tinted green. Paint blue where the new face should show, and orange where the target should "
    "stay, then swap again."
)
AGAIN, FORGET = "Swap again with this painting", "Remove all painting"
NOT_PAINTED = "Mask: nothing is painted yet. Choose the brush and paint over the picture first."
ADD, KEEP = (37, 99, 235), (234, 88, 12)  # colours of the brush
TINT = np.array([16, 185, 129], np.float32)
_TINTED = 0.5  # share of the tint where all is replaced
_SEEN = 100  # opacity from which a painted pixel counts, of 255


@dataclass(frozen=True, eq=False)
class Painting:
    """What a visitor painted over a target, small enough to be kept.

    Attributes:
        path: tells it apart from others; no file lies there.
        target: path of the target.
        shape: height and width in pixels.
        packed: the strokes, compressed.
    """

    path: str
    target: str
    shape: tuple[int, int]
    packed: bytes

    @classmethod
    def of(cls, target: str, strokes: Int8[np.ndarray, "h w"]) -> "Painting":
        """Pack strokes.

        Args:
            target: path of the target.
            strokes: as of ``Paint``.
        """
        height, width = strokes.shape
        return cls(uuid.uuid4().hex, target, (height, width), zlib.compress(strokes.tobytes(), 6))

    @property
    def strokes(self) -> Int8[np.ndarray, "h w"]:
        """As of ``Paint``."""
        return np.frombuffer(zlib.decompress(self.packed), np.int8).reshape(self.shape)

    def over(self, target: str) -> Paint | None:
        """The painting as a swap takes it; None where it was made over another target.

        Args:
            target: path of the target.
        """
        return Paint(self.strokes) if target == self.target else None


@dataclass(frozen=True)
class MaskPanel:
    """Components that show the mask.

    Attributes:
        open: shows the rest.
        close: hides it again.
        box: holds it.
        editor: the result with what was replaced, to paint over.
        again: takes the painting over and swaps again.
        forget: removes all painting and swaps again.
        painted: state of the session: a ``Painting`` or None.
        changed: unseen; changes with the painting, and comes back with it after a reload.
        asked: unseen; changes when a swap with a new painting is asked for, which starts it.
        view: state of the session: path of the picture that is painted over.
    """

    open: gr.Button
    close: gr.Button
    box: gr.Column
    editor: gr.ImageEditor
    again: gr.Button
    forget: gr.Button
    painted: gr.State
    changed: gr.Textbox
    asked: gr.Textbox
    view: gr.State

    @property
    def outputs(self) -> list[Any]:
        """Components that ``show`` fills."""
        return [self.open, self.close, self.box, self.editor, self.forget, self.view]

    def show(self, swapped: SwapResult, folder: Path, origin: Origin, paintable: bool, painted: bool) -> Updates:
        """Show what was replaced.

        Args:
            swapped: the result.
            folder: where its files lie.
            origin: what made it.
            paintable: it can be swapped again.
            painted: something was painted over it.
        """
        if swapped.replaced is None or not paintable:
            return {**self._closed(), self.open: gr.Button(visible=False)}
        picture = write_preview(tinted(swapped.image, swapped.replaced), folder / "mask.jpg", origin)
        return {
            **self._closed(),
            self.view: picture,
            self.forget: gr.Button(visible=painted),
        }

    def _closed(self) -> Updates:
        """The page can fill an editor only while it is seen, so it is emptied before it is shown again."""
        return {
            self.open: gr.Button(visible=True),
            self.close: gr.Button(visible=False),
            self.box: gr.Column(visible=False),
            self.editor: None,
        }

    def _opened(self) -> Updates:
        return {
            self.open: gr.Button(visible=False),
            self.close: gr.Button(visible=True),
            self.box: gr.Column(visible=True),
        }

    def _paint(self, painting: Painting | None) -> Updates:
        """Take a painting over, or forget it, and ask for a swap."""
        name = painting.path if painting is not None else uuid.uuid4().hex
        return {self.painted: painting, self.changed: name, self.asked: name}

    def wire(self, problem: gr.HTML, found: gr.State) -> None:
        """Take paintings over; called inside Blocks.

        Args:
            problem: says what is wrong.
            found: state of the session: the ``Target``.
        """

        def shown(path: str | None) -> Any:
            return {"background": path, "layers": [], "composite": None} if path and Path(path).is_file() else None

        def take(payload: Any, target: Target | None, before: Painting | None) -> Updates:
            try:
                strokes = read_strokes(read_layer(payload))
                if target is None or strokes is None:
                    raise UserError(NOT_PAINTED)
            except UserError as error:
                return {problem: callout([error], error=True)}
            new = Painting.of(target.path, together(before, target.path, strokes))
            return {**self._paint(new), problem: ""}

        shows = [self.open, self.close, self.box, self.editor]
        painting = [self.painted, self.changed, self.asked]
        self.open.click(self._opened, None, shows, **QUICK).then(shown, self.view, self.editor, **QUICK)
        self.close.click(self._closed, None, shows, **QUICK)
        self.again.click(
            take,
            [self.editor, found, self.painted],
            [*painting, problem],
            preprocess=False,
            **QUICK,
        )
        self.forget.click(lambda: self._paint(None), None, painting, **QUICK)


def tinted(image: UInt8[np.ndarray, "h w 3"], replaced: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "a b 3"]:
    """A result with a tint over what was replaced, reduced for painting.

    Args:
        image: RGB.
        replaced: share of each pixel, 255 for all of it.
    """
    small = shrink(image, SIDE)
    height, width = small.shape[:2]
    share = cv2.resize(replaced, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)[..., None]
    share *= _TINTED / 255
    return np.rint(small * (1 - share) + TINT * share).astype(np.uint8)


def read_strokes(layer: UInt8[np.ndarray, "h w 4"] | None) -> Int8[np.ndarray, "h w"] | None:
    """Strokes from a painted layer: blue ones show the new face, others keep the target; None without any.

    Args:
        layer: RGBA.
    """
    if layer is None:
        return None
    colors, drawn = layer[..., :3].astype(np.int32), layer[..., 3] >= _SEEN
    if not drawn.any():
        return None
    adds, keeps = (np.square(colors - np.array(color)).sum(2) for color in (ADD, KEEP))
    return np.where(drawn, np.where(adds <= keeps, 1, -1), 0).astype(np.int8)


def together(before: Painting | None, target: str, strokes: Int8[np.ndarray, "h w"]) -> Int8[np.ndarray, "h w"]:
    """New strokes over those from before, where these belong to the same target.

    Args:
        before: the painting so far.
        target: path of the target.
        strokes: the new ones.
    """
    if before is None or before.target != target:
        return strokes
    height, width = strokes.shape
    old = cv2.resize(before.strokes, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.where(strokes != 0, strokes, old).astype(np.int8)


def build_mask_panel(changed: gr.Textbox, asked: gr.Textbox) -> MaskPanel:
    """Lay out the panel, hidden until there is a result.

    Args:
        changed: as of ``MaskPanel``; what is unseen would be seen inside of what is hidden and shown.
        asked: as of ``MaskPanel``.
    """
    show = gr.Button(OPEN, size="sm", elem_classes="quiet", visible=False, elem_id="mask-open")
    hide = gr.Button(CLOSE, size="sm", elem_classes="quiet", visible=False, elem_id="mask-close")
    with gr.Column(visible=False, elem_id="mask") as box:
        gr.HTML(f'<p class="hint">{HINT}</p>')
        colors = ["#{:02x}{:02x}{:02x}".format(*color) for color in (ADD, KEEP)]
        editor = gr.ImageEditor(
            show_label=False,
            label=TITLE,
            sources=(),
            transforms=(),
            layers=False,
            buttons=[],
            brush=gr.Brush(default_size=30, colors=[*colors], default_color=colors[0], color_mode="fixed"),
            canvas_size=(SIDE, SIDE),
            interactive=True,
            elem_id="mask-editor",
        )
        with gr.Row(elem_classes="links"):
            again = gr.Button(AGAIN, size="md", variant="secondary", elem_id="mask-again")
            forget = gr.Button(FORGET, size="sm", visible=False, elem_classes="quiet", elem_id="mask-forget")
    painted, view = gr.State(None, time_to_live=3600), gr.State(None)
    return MaskPanel(show, hide, box, editor, again, forget, painted, changed, asked, view)
