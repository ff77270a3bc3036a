"""The photos of the source persons: as many persons as are wanted, each looked at when chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.types import UserError
from swapper.ui.assignment import PEOPLE
from swapper.ui.callout import callout
from swapper.ui.files import upload_paths
from swapper.ui.gpu import on_gpu
from swapper.ui.languages import said
from swapper.ui.layout import (
    ENGINE,
    EXAMPLES_NOTE,
    PHOTO_HEIGHT,
    QUICK,
    Click,
    Updates,
    clicked,
    heading,
    picture_strip,
    queued,
    say_filled,
)
from swapper.ui.swappers import SwapperCache
from swapper.ui.vetting import Crowd, cut_out, vet
from swapper.ui.visits import restored

SOURCE = ("Source", "Whose face you want. Several photos give a steadier likeness.")
ADD_PERSON = "Add another person"
REMOVE_PERSON = "Remove person {letter}"
PERSON = "Person"
PERSON_LETTER = "Person {letter}"


@dataclass(frozen=True)
class Sources:
    """Components that take the photos of source persons.

    Attributes:
        galleries: one for each of ``PEOPLE``; that of the selected one is shown.
        selected: which person's photos are shown; itself shown where there are several.
        add: adds a person.
        remove: removes the selected one.
        notes: what should be known of the photos that are shown.
        crowd: the faces of a photo that shows several, to choose one.
        people: state of the session: how many source persons there are.
        faces: state of the session: the ``Crowd`` whose faces are shown, or None.
    """

    galleries: list[gr.Gallery]
    selected: gr.Radio
    add: gr.Button
    remove: gr.Button
    notes: gr.HTML
    crowd: gr.Gallery
    people: gr.State
    faces: gr.State

    @property
    def shown(self) -> list[Any]:
        """Components that change with the number of persons and the selected one."""
        return [self.people, self.selected, self.add, self.remove, *self.galleries]

    def show(self, people: int, selected: int) -> Updates:
        """Show the photos of one of some persons.

        Args:
            people: how many there are.
            selected: which one.
        """
        letters = [(said(PERSON_LETTER.format(letter=letter)), i) for i, letter in enumerate(PEOPLE[:people])]
        return {
            self.people: people,
            self.selected: gr.Radio(letters, value=selected, visible=people > 1),
            self.add: gr.Button(visible=people < len(PEOPLE)),
            self.remove: gr.Button(said(REMOVE_PERSON.format(letter=PEOPLE[selected])), visible=people > 1),
            **{gallery: gr.Gallery(visible=_visible(i, selected, people)) for i, gallery in enumerate(self.galleries)},
        }

    def without(self, people: int, selected: int, sent: Sequence[Any]) -> Updates:
        """Show the persons without the selected one; those after it move up.

        Args:
            people: how many there are.
            selected: who goes.
            sent: photos by person as the page sends them.
        """
        photos = [restored(value) for value in sent]
        del photos[selected]
        photos.append(None)
        left, now = max(people - 1, 1), min(selected, max(people - 2, 0))
        galleries = {
            gallery: gr.Gallery(value=photos[i], visible=_visible(i, now, left))
            for i, gallery in enumerate(self.galleries)
        }
        return {**self.show(left, now), **galleries}

    def wire(self, swappers: SwapperCache, limit: int, most_photos: int) -> None:
        """Look at photos as soon as they are chosen; called inside Blocks.

        Args:
            swappers: shared by all sessions.
            limit: events at a time.
            most_photos: of one person.
        """

        def look(selected: Any, *sent: Any) -> Updates:
            index = selected if selected in range(len(PEOPLE)) else 0
            try:
                paths = upload_paths(sent[index], files=most_photos)
            except UserError as error:
                return {self.notes: callout([error], error=True), **self._crowd(None)}
            sentences, crowd = vet(swappers.finder(), PEOPLE[index], paths) if paths else ([], None)
            return {self.notes: callout(sentences), **self._crowd(crowd)}

        def choose(crowd: Crowd | None, selected: Any, chosen: int, *sent: Any) -> Updates:
            index = selected if selected in range(len(PEOPLE)) else 0
            if crowd is None or chosen not in range(len(crowd.boxes)):
                return {self.notes: gr.skip()}
            try:
                paths, one = upload_paths(sent[index]), cut_out(swappers.finder(), crowd, chosen)
            except UserError as error:
                return {self.notes: callout([error], error=True)}
            return {self.galleries[index]: [one if path == crowd.path else path for path in paths]}

        seen: list[Any] = [self.notes, self.crowd, self.faces]
        busy = queued(ENGINE, limit)
        gr.on(
            [*(gallery.change for gallery in self.galleries), self.selected.input],
            on_gpu(look, seen),
            [self.selected, *self.galleries],
            seen,
            trigger_mode="always_last",
            show_progress="hidden",
            **busy,
        )
        picked = gr.State(0)
        self.crowd.select(_picked, None, picked, **QUICK).then(
            on_gpu(choose, [self.notes, *self.galleries]),
            [self.faces, self.selected, picked, *self.galleries],
            [self.notes, *self.galleries],
            show_progress="hidden",
            **busy,
        )
        self.selected.input(self.show, [self.people, self.selected], self.shown, **QUICK)

    def _crowd(self, crowd: Crowd | None) -> Updates:
        faces = [(path, said(f"Face {number}")) for number, path in enumerate(crowd.thumbnails, 1)] if crowd else None
        return {self.crowd: gr.Gallery(faces, visible=crowd is not None, selected_index=None), self.faces: crowd}


def _picked(event: Click) -> int:
    return clicked(event, 1000)


def _visible(index: int, selected: int, people: int) -> Any:
    """Galleries of other persons stay on the page unseen, for what is in them."""
    return index == selected or ("hidden" if index < people else False)


def build_sources(examples: Path, name: str = "") -> Sources:
    """Lay out the card for the photos of the source persons.

    Args:
        examples: folder with ``portraits``; missing files are not shown.
        name: stands before the components' ids.
    """
    with gr.Column(min_width=240, elem_classes="card"):
        heading(SOURCE)
        selected = gr.Radio(
            [(PERSON_LETTER.format(letter=PEOPLE[0]), 0)],
            value=0,
            label=PERSON,
            show_label=False,
            visible=False,
            elem_id=f"{name}persons",
            elem_classes="persons",
        )
        galleries = [
            gr.Gallery(
                label=PERSON_LETTER.format(letter=letter),
                visible=_visible(index, 0, 1),
                interactive=True,
                sources=["upload", "webcam", "clipboard"],
                file_types=["image"],
                columns=2,
                height=PHOTO_HEIGHT,
                object_fit="contain",
                buttons=[],
                elem_id=f"{name}source-{letter.lower()}",
            )
            for index, letter in enumerate(PEOPLE)
        ]
        notes = gr.HTML(elem_id=f"{name}source-notes")
        crowd = gr.Gallery(
            visible=False,
            allow_preview=False,
            interactive=False,
            show_label=False,
            object_fit="cover",
            buttons=[],
            elem_id=f"{name}source-faces",
            elem_classes="strip large",
        )
        _examples(sorted((examples / "portraits").glob("*.jpg")), selected, galleries)
        with gr.Row(elem_classes="links"):
            add = gr.Button(ADD_PERSON, size="sm", variant="secondary", elem_classes="quiet")
            remove = gr.Button(REMOVE_PERSON.format(letter=PEOPLE[0]), size="sm", elem_classes="quiet", visible=False)
    return Sources(galleries, selected, add, remove, notes, crowd, gr.State(1), gr.State(None, time_to_live=3600))


def _examples(files: list[Path], selected: gr.Radio, galleries: list[gr.Gallery]) -> None:
    """A row of portraits that fill the selected person's gallery when clicked."""
    if not files:
        return

    def pick(selected: Any, event: Click) -> list[Any]:
        path = str(files[clicked(event, len(files))])
        return [[path] if index == selected else gr.skip() for index in range(len(galleries))]

    gr.HTML(f'<p class="hint">{EXAMPLES_NOTE}</p>')
    say_filled(picture_strip(files).select(pick, selected, galleries, **QUICK), galleries)
