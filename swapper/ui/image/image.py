"""The Image swap tab."""

import uuid
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.compose.paint import Paint
from swapper.images import read_image
from swapper.provenance import Origin, write_marked_image
from swapper.registry import find_restorer
from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.studies.previews import shrink
from swapper.types import SwapResult, UserError
from swapper.ui.assignment import PEOPLE
from swapper.ui.assignment_panel import AssignmentPanel, build_assignment_panel
from swapper.ui.callout import callout
from swapper.ui.carried import Carried
from swapper.ui.consent import require_consent
from swapper.ui.example import FinishedExample
from swapper.ui.files import PREVIEW_SIDE, new_folder, result_name, upload_path, upload_paths, write_preview
from swapper.ui.gpu import on_gpu
from swapper.ui.image.layout import FURTHER_WHO, ResultPanel, build_further, build_inputs, build_result
from swapper.ui.image.mask import Painting
from swapper.ui.image.result import as_large_as, summary, swap_target
from swapper.ui.image.several import PHOTO, WHO, SwappedPhotos, Wish, plan_photos, swap_photos
from swapper.ui.image.target import Target, find_target
from swapper.ui.languages import said
from swapper.ui.layout import ENGINE, FORMATS, QUICK, Updates, queued, say_filled
from swapper.ui.many import listed, part_of, upload_name
from swapper.ui.presets import Presets
from swapper.ui.progress import ReportProgress, Tell
from swapper.ui.settings_panel import build_settings_panel, read, read_upscaler
from swapper.ui.swappers import SwapperCache, offered_methods
from swapper.ui.visits import Visits
from swapper.ui.work import Work

SWAP = "Swap faces"
FACES = ("Faces found", "Click a face to choose who it becomes.")
BECOMES = "Face {face} becomes"
NO_TARGET = "Target: no photo yet. Add the photo to change."
SHOW_EXAMPLE = "Show an example"


@dataclass(frozen=True)
class ImageTab:
    """The tab's components and what happens when they are used.

    Attributes:
        swappers: shared by all sessions.
        faces: who each face of the target becomes.
        result: the finished picture.
        problem: says what is wrong.
        limits: of photos.
    """

    swappers: SwapperCache
    faces: AssignmentPanel
    result: ResultPanel
    problem: gr.HTML
    limits: Limits

    def show_faces(self, payload: Any, found: Target | None, people: int) -> Updates:
        """Find the faces of a new target; ``payload`` is the photo as Gradio sends it."""
        try:
            paths = upload_paths(payload, files=1)
            if found is not None and paths == [found.path]:  # a reload brought both back
                return {self.problem: gr.skip()}
            found = find_target(self.swappers.finder(), paths[0]) if paths else None
        except UserError as error:
            return {**self.faces.show(None, people), self.problem: callout([error], error=True)}
        return {**self.faces.show(found, people), self.problem: ""}

    def swap(
        self,
        tell: Tell,
        agreed: Any,
        payload: Any,
        found: Target | None,
        painted: Painting | None,
        further: Any,
        who: Any,
        *sent: Any,
    ) -> Iterator[Updates]:
        """Swap and show the picture, and further ones; ``sent`` are the sources' photos and the settings.

        Raises:
            UserError: something is missing or cannot be used.
        """
        require_consent(agreed)
        settings = list(sent[len(PEOPLE) :])
        method, restore, blend = read(settings)
        items, who = listed(further, self.limits.max_photos), values.choice(FURTHER_WHO, who, dict(WHO).values())
        path = upload_path(payload, NO_TARGET) if payload or not items else ""
        photos = [upload_paths(value, files=self.limits.max_source_photos) for value in sent[: len(PEOPLE)]]
        tell(0.0, said("Loading the method"))
        wish = Wish(self.swappers.get(method, restore), photos, blend, restore, read_upscaler(settings))
        found = found if found is not None and found.path == path else None
        paint = painted.over(path) if painted is not None else None
        if not items:
            yield from self._one(tell, wish, found, path, paint)
        else:
            yield from self._many(tell, wish, found, (payload, path), paint, items, who)

    def _one(
        self, tell: ReportProgress, wish: Wish, found: Target | None, path: str, paint: Paint | None, alone: bool = True
    ) -> Generator[Updates, None, tuple[Target, Path, str]]:
        """Swap the target; returns it, and the paths of the picture and of its preview."""
        found = found or find_target(wish.swapper, path)  # the click came before the search for faces ended
        swapped = swap_target(wish.swapper, found, wish.photos, wish.blend, tell, paint, wish.upscale)
        tell(0.9, said("Saving"))
        wanted = found.wanted()
        origin = Origin(wish.swapper.method_name, wish.restore, len(set(wanted.values())), wish.upscale)
        source = wish.photos[wanted[0]][0] if 0 in wanted else ""
        png, preview = yield from self._show(source, path, swapped, origin, (True, paint is not None), alone)
        return found, png, preview

    def _many(
        self,
        tell: Tell,
        wish: Wish,
        found: Target | None,
        target: tuple[Any, str],
        paint: Paint | None,
        items: Sequence[Any],
        who: str,
    ) -> Iterator[Updates]:
        """Swap the target, if there is one, and further photos; ``target`` is as it was sent, and its path."""
        finished, (payload, path) = SwappedPhotos(), target
        if path:
            try:
                told = part_of(tell, 0, len(items) + 1, PHOTO)
                found, png, preview = yield from self._one(told, wish, found, path, paint, alone=False)
                finished.add(png, preview, upload_name(payload))
            except UserError as error:
                finished.leave_out(upload_name(payload), error)
        single = {self.result.single: gr.Column(visible=bool(finished.shown))}
        plan = plan_photos(wish, who, found)
        for done in swap_photos(wish, items, plan, tell, finished, before=int(bool(path))):
            if done.shown:
                yield {**single, **self.result.several.show(done)}
        if not finished.shown:
            raise UserError(" ".join(finished.notes))
        yield {**single, **self.result.several.show(finished, finished.archive())}

    def fill(self, example: FinishedExample, people: int, target: gr.Image) -> Updates:
        """Put the example's photos where a visitor's own would be, as those of the first person."""
        sources = self.faces.sources
        photos = gr.Gallery(value=[str(example.source)], visible=True)
        return {**sources.show(people, 0), sources.galleries[0]: photos, target: str(example.target)}

    def show_example(self, tell: Tell, example: FinishedExample, sent: Sequence[Any]) -> Iterator[Updates]:
        """Show what was swapped between two of the made-up people, whom nobody has to ask; ``sent`` are settings."""
        (method, restore, blend), upscale = read(list(sent)), read_upscaler(list(sent))
        method = method or next(iter(offered_methods()))

        def begun() -> None:
            tell(0.2, said("Swapping"))

        swapped, origin = example.get(self.swappers, begun, method, restore, blend, upscale)
        yield from self._show(str(example.source), str(example.target), swapped, origin, (True, False))

    def again(self, values: dict[Any, Any]) -> Updates:
        """Show the faces and the people that came back after a reload."""
        return self.faces.again(values)

    def _show(
        self,
        source: str,
        target: str,
        swapped: SwapResult,
        origin: Origin,
        paint: tuple[bool, bool] = (False, False),
        alone: bool = True,
    ) -> Generator[Updates, None, tuple[Path, str]]:
        """Show the picture at once with its JPEG, and hand in the PNG, which takes longer to write.

        ``source`` is the photo of the person whom the largest face became, empty where it stayed; ``paint`` whether
        the result can be painted over, and whether it was; ``alone`` whether the work ends with it. Returns the paths
        of the PNG and of the picture that is shown.
        """
        folder = new_folder()
        large = shrink(swapped.image, PREVIEW_SIDE)
        before = write_preview(as_large_as(shrink(read_image(target), PREVIEW_SIDE), large), folder / "before.jpg")
        after = write_preview(swapped.image, folder / "after.jpg", origin)
        jpeg = write_marked_image(swapped.picture, folder / result_name(target, FORMATS["JPEG"]), origin)
        label = offered_methods().get(origin.method, origin.method)
        yield {
            self.result.box: gr.Column(visible=True),
            self.result.single: gr.Column(visible=True),
            self.result.several.box: gr.Column(visible=False),
            self.result.place.meter: gr.HTML(visible=False) if alone else gr.skip(),
            self.result.slider: (before, after),
            self.result.png: gr.DownloadButton(interactive=False),
            self.result.measure: gr.Button(visible=False),
            self.result.carried: None,
            self.result.jpeg: gr.DownloadButton(value=str(jpeg.path)),
            self.result.notes: callout(swapped.warnings + jpeg.warnings),
            self.result.summary: summary(swapped, label),
            **self.result.marks.show(str(jpeg.path)),
            **self.result.mask.show(swapped, folder, origin, *paint),
        }
        png = write_marked_image(swapped.picture, folder / result_name(target, FORMATS["PNG"]), origin)
        restorer = find_restorer(origin.restore)
        made_by = f"{label}, {restorer.label}" if restorer else label
        comparable = bool(source) and origin.upscale == "none"  # others have not the size of their target
        carried = Carried(source, target, str(png.path), origin.method, made_by) if comparable else None
        yield {
            self.result.png: gr.DownloadButton(value=str(png.path), interactive=True),
            self.result.measure: gr.Button(visible=carried is not None),
            self.result.carried: carried,
        }
        return png.path, after


def build_image_tab(
    swappers: SwapperCache,
    consent: gr.Checkbox,
    limits: Limits,
    examples: Path,
    visits: Visits,
    presets: Presets,
) -> ResultPanel:
    """Lay out the tab and wire it; called inside Blocks; returns where the result is.

    Args:
        swappers: shared by all sessions.
        consent: the page's checkbox.
        limits: of photos and of swaps at a time.
        examples: folder with ``portraits`` and group photos; missing files are not shown.
        visits: remembers what is on the page.
        presets: keeps settings.
    """
    with gr.Row(elem_classes="workspace"):
        with gr.Column(scale=10, min_width=320):
            sources, target = build_inputs(examples)
            faces = build_assignment_panel(sources, BECOMES, words=FACES)
            button = gr.Button(SWAP, variant="primary", elem_id="swap")
            problem = gr.HTML(elem_id="problem")
            further = build_further()
            settings = build_settings_panel()
        with gr.Column(scale=11, min_width=320, elem_classes="card result"):
            result = build_result()
            portraits = sorted((examples / "portraits").glob("*.jpg"))[:2]
            show = gr.Button(
                SHOW_EXAMPLE, size="sm", elem_classes="quiet", elem_id="example", visible=len(portraits) == 2
            )
    filled = gr.Textbox(visible="hidden", show_label=False, container=False)
    tab = ImageTab(swappers, faces, result, problem, limits)
    busy = queued(ENGINE, limits.concurrency)
    faces.wire()
    settings.wire(presets)
    seen = [*faces.shown, problem]
    target.change(
        on_gpu(tab.show_faces, seen), [target, faces.found, faces.people], seen, show_progress_on=target, **busy
    )
    work = Work("image", SWAP, button, problem, result.place, gr.State(""), visits)
    inputs = [target, faces.found, result.mask.painted, *further.inputs, *sources.galleries, *settings.inputs]
    queue = ENGINE, limits.concurrency
    result.mask.wire(problem, faces.found)
    work.wire(tab.swap, consent, inputs, result.outputs, queue, starts=[button.click, result.mask.asked.change])
    also = [sources.people, sources.selected, faces.casting, result.mask.changed]
    work.watch(inputs, also, tab.again, [*faces.shown, *sources.shown, *result.outputs], [target])
    sources.wire(swappers, limits.concurrency, limits.max_source_photos)
    if len(portraits) == 2:
        example = FinishedExample(*portraits)

        def fill(people: int) -> Updates:
            return {**tab.fill(example, people, target), filled: uuid.uuid4().hex}

        def show_example(tell: Tell, *sent: Any) -> Iterator[Updates]:
            yield from tab.show_example(tell, example, sent[-len(settings.inputs) :])

        say_filled(show.click(fill, sources.people, [*sources.shown, target, filled], **QUICK), sources.galleries[:1])
        work.wire(show_example, consent, inputs, result.outputs, queue, starts=[filled.change])
    return result
