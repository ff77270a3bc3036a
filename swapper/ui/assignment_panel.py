"""Where a user says who becomes whom: thumbnails, and a person chosen for the one that is selected."""

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from swapper.ui.assignment import PEOPLE, Assignment, choices
from swapper.ui.languages import said, said_markup
from swapper.ui.layout import QUICK, Click, Updates, clicked, heading, say_filled
from swapper.ui.sources import Sources


@dataclass(frozen=True)
class AssignmentPanel:
    """The panel's components and what happens when they are used.

    Attributes:
        becomes: label above the choice, with ``{face}`` for the number of the selected one.
        sources: where the photos of the source persons go.
        box: holds the rest; hidden until there is somebody.
        gallery: thumbnails.
        person: who the selected one becomes.
        found: state of the session: an ``Assignment`` or None.
        overview: the whole picture with a number at every face; None where there is no room for it.
        casting: unseen; changes whenever ``found`` does, of which Gradio tells queued events only.
    """

    becomes: str
    sources: Sources
    box: gr.Column
    gallery: gr.Gallery
    person: gr.Radio
    found: gr.State
    casting: gr.Textbox
    overview: gr.HTML | None = None

    @property
    def people(self) -> gr.State:
        """State of the session: how many source persons there are."""
        return self.sources.people

    @property
    def shown(self) -> list[Any]:
        """Components that change with the assignment."""
        overview = [self.overview] if self.overview is not None else []
        return [self.found, self.box, self.gallery, self.person, self.casting, *overview]

    def show(self, found: Assignment | None, people: int) -> Updates:
        """Show an assignment, or none.

        Args:
            found: the assignment.
            people: how many source persons are shown.
        """
        if found is None:
            return {self.found: None, self.box: gr.Column(visible=False), self.casting: ""}
        numbered = self.overview is not None and len(found.people) > 1
        captions = [said(caption) for _, caption in found.gallery()]
        shown = [f"{number} · {caption}" if numbered else caption for number, caption in enumerate(captions, 1)]
        overview = {self.overview: said_markup(found.overview())} if self.overview is not None else {}
        return {
            **overview,
            self.found: found,
            self.casting: " ".join(map(str, found.people)),
            self.box: gr.Column(visible=True),
            self.gallery: gr.Gallery(
                value=list(zip(found.thumbnails, shown, strict=True)), selected_index=found.selected
            ),
            self.person: gr.Radio(
                choices=[(said(label), person) for label, person in choices(people)],
                value=found.people[found.selected],
                label=said(self.becomes.format(face=found.selected + 1)),
            ),
        }

    def again(self, values: Updates) -> Updates:
        """Show what came back after a reload.

        Args:
            values: by component.
        """
        people = values.get(self.people) or 1
        return {
            **self.sources.show(people, values.get(self.sources.selected) or 0),
            **self.show(values.get(self.found), people),
        }

    def wire(self) -> None:
        """Connect the components; called inside Blocks."""
        inputs = [self.found, self.people]
        self.gallery.select(self._select, inputs, self.shown, **QUICK)
        self.person.input(self._assign, [*inputs, self.person], self.shown, **QUICK)
        outputs = [*self.sources.shown, *self.shown]
        self.sources.add.click(self._add_person, inputs, outputs, **QUICK)
        removed = self.sources.remove.click(
            self._remove_person,
            [*inputs, self.sources.selected, *self.sources.galleries],
            outputs,
            preprocess=False,
            **QUICK,
        )
        say_filled(removed, self.sources.galleries)

    def _select(self, found: Assignment | None, people: int, event: Click) -> Updates:
        """Show who the clicked face becomes."""
        return self.show(replace(found, selected=clicked(event, len(found.people))) if found else None, people)

    def _assign(self, found: Assignment | None, people: int, person: int) -> Updates:
        """Let the selected face become another person."""
        return self.show(found.assign(person) if found else None, people)

    def _add_person(self, found: Assignment | None, people: int) -> Updates:
        """Show a place for the photos of one more person."""
        more = min(people + 1, len(PEOPLE))
        return {**self.sources.show(more, more - 1), **self.show(found, more)}

    def _remove_person(self, found: Assignment | None, people: int, selected: Any, *photos: Any) -> Updates:
        """Remove the selected person; whoever was to become it stays as in the target."""
        index = selected if selected in range(people) else people - 1
        less = max(people - 1, 1)
        return {
            **self.sources.without(people, index, photos),
            **self.show(found.without(index) if found else None, less),
        }


def build_assignment_panel(
    sources: Sources, becomes: str, name: str = "", words: tuple[str, str] | None = None
) -> AssignmentPanel:
    """Lay out the panel, hidden until there is somebody; ``wire`` connects it.

    Args:
        sources: where the photos of the source persons go.
        becomes: as of ``AssignmentPanel``.
        name: stands before the components' ids.
        words: title and one sentence above a card of its own; the panel is part of another card when None.
    """
    with gr.Column(visible=False, elem_classes="card" if words else None) as box:
        overview = None
        if words:
            heading(words, numbered=False)
            overview = gr.HTML(elem_id=f"{name}overview")
        gallery = gr.Gallery(
            columns=5,
            fit_columns=False,
            allow_preview=False,
            interactive=False,
            show_label=False,
            object_fit="cover",
            buttons=[],
            elem_id=f"{name}faces",
        )
        label = becomes.format(face=1)
        person = gr.Radio(choices(1), value=0, label=label, elem_id=f"{name}person")
    casting = gr.Textbox(visible="hidden", show_label=False, container=False)
    return AssignmentPanel(becomes, sources, box, gallery, person, gr.State(None, time_to_live=3600), casting, overview)
