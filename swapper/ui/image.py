"""The Image swap tab."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.images import read_image, write_image
from swapper.methods.base import METHODS
from swapper.types import SwapResult, UserError
from swapper.ui.files import new_folder, plain_sentence, result_name, upload_paths, write_preview
from swapper.ui.result import callout, summary, swap_target
from swapper.ui.settings_panel import build_settings_panel, read
from swapper.ui.swappers import SwapperCache
from swapper.ui.target import PEOPLE, Target, choices, find_target

SOURCE = ("1", "Source", "Whose face you want. Several photos give a steadier likeness.")
TARGET = ("2", "Target", "The photo to change. Everything but the faces stays as it is.")
RESULT = ("3", "Result", "Drag the handle to compare before and after.")
EXAMPLES_NOTE = "No photos at hand? These people do not exist:"
ADD_PERSON = "Add another person"
FACES_FOUND = "Faces found"
FACES_HINT = "Click a face to choose who it becomes."
BECOMES = "Face {face} becomes"
NO_TARGET = "Target: there is no photo yet. Add the photo that should be changed."
CONSENT_FIRST = "Consent: it has not been given yet. Tick the box at the top of the page, then swap."
SWAP = "Swap faces"
DOWNLOAD = "Download {kind}"
EMPTY = "Your picture appears here."
ENGINE = "engine"  # events that share this name share the machine
STRIP = 6  # thumbnails in a row of examples
PHOTO_HEIGHT = 236  # px
FORMATS = {"PNG": ".png", "JPEG": ".jpg"}


@dataclass(frozen=True)
class Inputs:
    """Components that take photos: one gallery for each of ``PEOPLE``, and the target."""

    sources: list[gr.Gallery]
    add: gr.Button
    target: gr.Image


@dataclass(frozen=True)
class FacesPanel:
    """Components that show the target's faces and who each becomes."""

    box: gr.Column
    gallery: gr.Gallery
    person: gr.Radio


@dataclass(frozen=True)
class ResultPanel:
    """Components that show the result."""

    empty: gr.HTML
    slider: gr.ImageSlider
    downloads: gr.Row
    buttons: list[gr.DownloadButton]
    notes: gr.HTML
    summary: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """All components, in the order in which the swap fills them."""
        return [self.empty, self.slider, self.downloads, *self.buttons, self.notes, self.summary]


def build_image_tab(swappers: SwapperCache, consent: gr.Checkbox, concurrency: int, examples: Path) -> None:
    """Lay out the tab and wire it; called inside Blocks.

    Args:
        swappers: shared by all sessions.
        consent: the page's checkbox.
        concurrency: swaps at a time.
        examples: folder with ``portraits`` and group photos; missing files are not shown.
    """
    target, people = gr.State(None, time_to_live=3600), gr.State(1)
    with gr.Row(elem_classes="workspace"):
        with gr.Column(scale=10, min_width=320):
            inputs = _build_inputs(examples)
            faces = _build_faces()
            panel = build_settings_panel()
            swap = gr.Button(SWAP, variant="primary", elem_id="swap")
            problem = gr.HTML(elem_id="problem")
        with gr.Column(scale=11, min_width=320, elem_classes="card result"):
            result = _build_result()

    def show_faces(payload: Any, count: int) -> dict[Any, Any]:
        try:
            paths = upload_paths(payload)
            found = find_target(swappers.finder(), paths[0]) if paths else None
        except UserError as error:
            return {target: None, faces.box: gr.Column(visible=False), problem: callout([plain_sentence(error)], True)}
        shown = _face_updates(faces, found, count) if found else {}
        return {target: found, faces.box: gr.Column(visible=found is not None), problem: "", **shown}

    def select_face(found: Target, count: int, event: gr.SelectData) -> dict[Any, Any]:
        selected = replace(found, selected=int(event.index))
        return {target: selected, **_face_updates(faces, selected, count)}

    def assign(found: Target, count: int, person: int) -> dict[Any, Any]:
        assigned = found.assign(person)
        return {target: assigned, **_face_updates(faces, assigned, count)}

    def add_person(found: Target | None, count: int) -> dict[Any, Any]:
        more = min(count + 1, len(PEOPLE))
        shown = _face_updates(faces, found, more) if found else {}
        visible = {gallery: gr.Gallery(visible=i < more) for i, gallery in enumerate(inputs.sources)}
        return {people: more, inputs.add: gr.Button(visible=more < len(PEOPLE)), **visible, **shown}

    def run(
        agreed: bool,
        payload: Any,
        found: Target | None,
        *values: Any,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Iterator[dict[Any, Any]]:
        try:
            if not agreed:
                raise UserError(CONSENT_FIRST)
            paths = upload_paths(payload)
            if not paths:
                raise UserError(NO_TARGET)
            photos = [upload_paths(value) for value in values[: len(PEOPLE)]]
            method, restore, mask = read(list(values[len(PEOPLE) :]))
            progress(0.0, "Loading the method")
            swapper = swappers.get(method, restore)
            if found is None or found.path != paths[0]:  # the button was faster than the search for faces
                found = find_target(swapper, paths[0])
            swapped = swap_target(swapper, found, photos, mask, progress)
            progress(0.9, "Saving")
            yield from _show_result(
                result, problem, found.path, swapped, METHODS[method].label if method in METHODS else method
            )
        except UserError as error:
            yield {problem: callout([plain_sentence(error)], True)}

    private: dict[str, Any] = {"api_visibility": "private"}
    quick: dict[str, Any] = {**private, "queue": False, "show_progress": "hidden"}
    busy: dict[str, Any] = {**private, "concurrency_id": ENGINE, "concurrency_limit": concurrency}
    face_outputs = [target, faces.gallery, faces.person]
    inputs.target.change(
        show_faces,
        [inputs.target, people],
        [*face_outputs, faces.box, problem],
        preprocess=False,
        show_progress_on=inputs.target,
        **busy,
    )
    faces.gallery.select(select_face, [target, people], face_outputs, **quick)
    faces.person.input(assign, [target, people, faces.person], face_outputs, **quick)
    inputs.add.click(add_person, [target, people], [people, inputs.add, *inputs.sources, *face_outputs[1:]], **quick)
    swap.click(
        run,
        [consent, inputs.target, target, *inputs.sources, *panel.inputs],
        [*result.outputs, problem],
        preprocess=False,
        show_progress_on=[result.empty, result.slider],
        **busy,
    )


def _face_updates(faces: FacesPanel, found: Target, people: int) -> dict[Any, Any]:
    label = BECOMES.format(face=found.selected + 1)
    return {
        faces.gallery: gr.Gallery(value=found.gallery(), selected_index=found.selected),
        faces.person: gr.Radio(choices=choices(people), value=found.people[found.selected], label=label),
    }


def _show_result(
    panel: ResultPanel, problem: gr.HTML, target: str, swapped: SwapResult, method: str
) -> Iterator[dict[Any, Any]]:
    """Show the picture at once with its JPEG, and hand in the PNG, which takes longer to write."""
    folder = new_folder()
    before = write_preview(read_image(target), folder / "before.jpg")
    after = write_preview(swapped.image, folder / "after.jpg")
    png, jpeg = panel.buttons
    yield {
        problem: "",
        panel.empty: gr.HTML(visible=False),
        panel.slider: gr.ImageSlider(value=(before, after), visible=True),
        panel.downloads: gr.Row(visible=True),
        png: gr.DownloadButton(interactive=False),
        jpeg: str(write_image(swapped.image, folder / result_name(target, ".jpg"))),
        panel.notes: callout(swapped.warnings),
        panel.summary: summary(swapped, method),
    }
    written = write_image(swapped.image, folder / result_name(target, ".png"))
    yield {png: gr.DownloadButton(value=str(written), interactive=True)}


def _heading(words: tuple[str, str, str]) -> None:
    number, title, sentence = words
    gr.HTML(f'<div class="step"><i>{number}</i><h2>{title}</h2><p>{sentence}</p></div>')


def _build_inputs(examples: Path) -> Inputs:
    sources = []
    with gr.Row(equal_height=True, elem_classes="inputs"):
        with gr.Column(min_width=240, elem_classes="card"):
            _heading(SOURCE)
            for index, letter in enumerate(PEOPLE):
                gallery = gr.Gallery(
                    label=f"Person {letter}",
                    visible=index == 0,
                    interactive=True,
                    sources=["upload", "webcam", "clipboard"],
                    file_types=["image"],
                    columns=2,
                    height=PHOTO_HEIGHT + 21,
                    object_fit="cover",
                    buttons=[],
                    elem_id=f"source-{letter.lower()}",
                )
                sources.append(gallery)
            _example_strip(sorted((examples / "portraits").glob("*.jpg")), sources[0], many=True)
            add = gr.Button(ADD_PERSON, size="sm", variant="secondary", elem_classes="quiet")
        with gr.Column(min_width=240, elem_classes="card"):
            _heading(TARGET)
            target = gr.Image(
                label="Photo",
                type="filepath",
                sources=["upload", "webcam", "clipboard"],
                height=PHOTO_HEIGHT,
                buttons=[],
                elem_id="target",
            )
            shown = [*sorted(examples.glob("*.jpg")), *sorted((examples / "portraits").glob("*.jpg"))[::-1]]
            _example_strip(shown, target, many=False)
    return Inputs(sources, add, target)


def _example_strip(photos: list[Path], component: gr.Gallery | gr.Image, many: bool) -> None:
    """A row of thumbnails that fill a component when clicked."""
    if not photos:
        return
    gr.HTML(f'<p class="hint">{EXAMPLES_NOTE}</p>')
    strip = gr.Gallery(
        [str(path) for path in photos],
        columns=STRIP,
        fit_columns=False,
        allow_preview=False,
        interactive=False,
        show_label=False,
        object_fit="cover",
        buttons=[],
        elem_classes="strip",
    )

    def pick(event: gr.SelectData) -> Any:
        path = str(photos[int(event.index)])
        return [path] if many else path

    strip.select(pick, None, component, api_visibility="private", queue=False, show_progress="hidden")


def _build_faces() -> FacesPanel:
    with gr.Column(visible=False, elem_classes="card faces") as box:
        gr.HTML(f'<div class="step"><h2>{FACES_FOUND}</h2><p>{FACES_HINT}</p></div>')
        gallery = gr.Gallery(
            columns=5,
            fit_columns=False,
            allow_preview=False,
            interactive=False,
            show_label=False,
            object_fit="cover",
            buttons=[],
            elem_id="faces",
        )
        person = gr.Radio(choices(1), value=0, label=BECOMES.format(face=1), elem_id="person")
    return FacesPanel(box, gallery, person)


def _build_result() -> ResultPanel:
    _heading(RESULT)
    empty = gr.HTML(f'<div class="empty"><p>{EMPTY}</p></div>')
    slider = gr.ImageSlider(
        visible=False,
        interactive=False,
        type="filepath",
        show_label=False,
        max_height=620,
        buttons=["fullscreen"],
        elem_id="before-after",
    )
    notes = gr.HTML()
    with gr.Row(visible=False) as downloads:
        buttons = [gr.DownloadButton(DOWNLOAD.format(kind=kind), size="md", elem_id=kind.lower()) for kind in FORMATS]
    return ResultPanel(empty, slider, downloads, buttons, notes, gr.HTML(elem_id="summary"))
