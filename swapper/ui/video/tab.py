"""What happens when the Video tab is used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import gradio as gr

from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.assignment import PEOPLE
from swapper.ui.callout import callout
from swapper.ui.consent import require_consent
from swapper.ui.files import upload_path, upload_paths
from swapper.ui.languages import said
from swapper.ui.layout import Updates
from swapper.ui.many import upload_name
from swapper.ui.plan import CHOSEN, EVERYONE
from swapper.ui.progress import Tell
from swapper.ui.settings_panel import read
from swapper.ui.swappers import SwapperCache, offered_methods
from swapper.ui.video import page
from swapper.ui.video.clip import Clip, frame_at, open_clip, preview_swap
from swapper.ui.video.clips import QueuedClip, SwappedClips, swap_clips, teller
from swapper.ui.video.further import FurtherPanel
from swapper.ui.video.gif import Gif, stand_in
from swapper.ui.video.jobs import FORMATS, run_job, video_work
from swapper.ui.video.jobs import Work as Job
from swapper.ui.video.layout import DOWNLOAD, KIND, WHO, WHO_LABEL, CastPanel, PartPanel, VideoResultPanel
from swapper.ui.video.plan import Cast, look_for_people, plan_swap, wanted_people
from swapper.video.encode import format_of
from swapper.video.io import VideoReader
from swapper.video.job import LONGEST, VideoResult, VideoSettings, check_video_settings

NO_TARGET = "Video: none yet. Add the video to change."
LOOKING = "Looking for people"


@dataclass(frozen=True)
class VideoTab:
    """The tab's components and what happens when they are used.

    Attributes:
        swappers: shared by all sessions.
        limits: what is allowed on this machine.
        part: trimming and preview.
        cast: who changes.
        result: the job and its result.
        problem: says what is wrong.
        clip: state of the session: a ``Clip`` or None.
        target: the video as it was uploaded.
        gif: state of the session: the ``Gif`` that the video on the page stands for, or None.
        kind: suffix of the result.
        previewed: state of the session: whether the frame on the page is a preview.
        further: further videos.
    """

    swappers: SwapperCache
    limits: Limits
    part: PartPanel
    cast: CastPanel
    result: VideoResultPanel
    problem: gr.HTML
    clip: gr.State
    target: gr.Video
    gif: gr.State
    kind: gr.Radio
    previewed: gr.State
    further: FurtherPanel

    def take_gif(self, payload: Any) -> Updates:
        """Show a GIF as a video; ``payload`` is the file as Gradio sends it."""
        try:
            gif = stand_in(upload_path(payload, NO_TARGET, self.limits.max_video_bytes), self.limits)
        except UserError as error:
            return self._wrong(error)
        return {self.gif: gif, self.target: gif.stand_in, self.kind: FORMATS["GIF"], self.problem: ""}

    def load(self, payload: Any, people: int, gif: Gif | None, shown: Clip | None) -> Updates:
        """Look at a new video; ``payload`` is the file as Gradio sends it, ``shown`` what is on the page."""
        emptied = {self.clip: None, self.part.box: gr.Column(visible=False), self.cast.box: gr.Column(visible=False)}
        fresh = {
            **self.cast.people.show(None, people),
            **self.choose(EVERYONE),
            self.cast.who: EVERYONE,
            self.cast.empty: gr.HTML(visible=True),
            self.problem: "",
            self.previewed: False,
        }
        try:
            paths = upload_paths(payload, self.limits.max_video_bytes, files=1)
            if paths and shown is not None and _meant(paths[0], gif) == shown.path:  # a reload brought both back
                return {self.problem: gr.skip()}
            if not paths:
                return {**fresh, **emptied}
            clip = open_clip(_meant(paths[0], gif), self.limits)
            image = frame_at(clip, 0, self.limits)
        except UserError as error:
            return {**fresh, **emptied, **self._wrong(error)}
        return {**fresh, **self._loaded(clip, image, 0, min(clip.last, clip.longest))}

    def again(self, values: dict[Any, Any]) -> Updates:
        """Show the video, the part and the people that came back after a reload."""
        clip, cast = values.get(self.clip), values.get(self.cast.people.found)
        found = {**self.cast.people.again(values), **self.further.again(self.limits, values)}
        if not isinstance(clip, Clip) or values.get(self.target) is None:
            return {**found, self.clip: None}
        start, end = values.get(self.part.start) or 0.0, values.get(self.part.end) or clip.last
        try:
            shown = self._loaded(clip, frame_at(clip, 0, self.limits), start, end)
        except UserError:
            return {**found, self.clip: None}
        nobody = {self.cast.empty: gr.HTML(visible=cast is None)}
        return {**found, **shown, **nobody, **self.choose(values.get(self.cast.who) or EVERYONE)}

    def _loaded(self, clip: Clip, image: Any, start: float, end: float) -> Updates:
        return {
            self.clip: clip,
            self.part.box: gr.Column(visible=True),
            self.cast.box: gr.Column(visible=True),
            self.part.facts: page.facts(clip),
            self.part.frame: page.frames(image, page.clock(0)),
            self.part.time: gr.Slider(maximum=clip.last, value=0),
            self.part.start: gr.Slider(maximum=clip.last, value=start),
            self.part.end: gr.Slider(maximum=clip.last, value=end),
            self.part.length: page.part(clip, start, end),
        }

    def show_frame(self, clip: Clip | None, seconds: Any, start: Any, end: Any) -> Updates:
        """Show the frame at a time, and how long the chosen part is."""
        if clip is None:
            return {self.problem: gr.skip()}
        try:
            seconds, start, end = (_seconds(value) for value in (seconds, start, end))
            image = frame_at(clip, seconds, self.limits)
        except UserError as error:
            return self._wrong(error)
        shown = page.frames(image, page.clock(seconds))
        length = page.part(clip, start, end)
        return {self.part.frame: shown, self.part.length: length, self.previewed: False, self.problem: ""}

    def choose(self, who: str) -> Updates:
        """Offer to look for people when some are to be chosen."""
        return {self.cast.search: gr.Column(visible=who == CHOSEN)}

    def find(self, tell: Tell, _agreed: Any, clip: Clip | None, start: Any, end: Any, people: int) -> Iterator[Updates]:
        """Find the people of the chosen part."""
        if clip is None:
            raise UserError(NO_TARGET)
        start, end = _seconds(start), _seconds(end)
        part = clip.part(start, end)
        reader, last = VideoReader(clip.path, self.limits), min(part.end or clip.seconds, start + clip.longest)
        told = said(LOOKING)
        tell(0.0, told)
        found = look_for_people(self.swappers.finder(), reader, part.start, last, lambda share: tell(share, told))
        yield {**self.cast.people.show(found, people), self.cast.empty: gr.HTML(visible=False)}

    def preview(
        self, tell: Tell, agreed: Any, clip: Clip | None, cast: Cast | None, who: Any, seconds: Any, *sent: Any
    ) -> Iterator[Updates]:
        """Swap the frame that is shown; ``sent`` are the sources' photos and the settings."""
        require_consent(agreed)
        if clip is None:
            raise UserError(NO_TARGET)
        seconds, who = _seconds(seconds), values.choice(WHO_LABEL, who, dict(WHO).values())
        method, restore, blend = read(list(sent[len(PEOPLE) + 5 :]))
        photos = self._photos(sent)
        wanted_people(who, cast, photos)
        tell(0.0, said("Loading the method"))
        swapper = self.swappers.get(method, restore)
        tell(0.2, said("Learning the source"))
        plan = plan_swap(swapper, who, cast, photos)
        tell(0.5, said("Swapping"))
        image, time = frame_at(clip, seconds, self.limits), page.clock(seconds)
        after = preview_swap(swapper, image, plan, blend, time)
        yield {self.part.frame: page.frames(image, time, after), self.previewed: True}

    def refresh(self, tell: Tell, agreed: Any, clip: Clip | None, *sent: Any) -> Iterator[Updates]:
        """The same without complaints, for something that was changed: the plain frame where no preview is possible."""
        try:
            yield from self.preview(tell, agreed, clip, *sent)
        except UserError:
            seconds = sent[2]
            if clip is not None and isinstance(seconds, int | float):
                frame = frame_at(clip, float(seconds), self.limits)
                yield {self.part.frame: page.frames(frame, page.clock(float(seconds)))}

    def swap(
        self,
        tell: Tell,
        agreed: Any,
        payload: Any,
        clip: Clip | None,
        cast: Cast | None,
        who: Any,
        start: Any,
        end: Any,
        gif: Gif | None,
        further: Any,
        paths: Any,
        *sent: Any,
    ) -> Iterator[Updates]:
        """Swap the video and further ones; ``sent``: the parts of those, the sources' photos and the settings."""
        require_consent(agreed)
        start, end, who = _seconds(start), _seconds(end), values.choice(WHO_LABEL, who, dict(WHO).values())
        parts, sent = sent[: 2 * len(self.further.rows)], sent[2 * len(self.further.rows) :]
        steadiness, quality, kind, rate, encoder, *swap = sent[len(PEOPLE) :]
        check_video_settings(0, None, quality, steadiness)
        suffix = values.choice(KIND, kind, FORMATS.values())
        method, restore, blend = read(swap)
        whole = VideoSettings(quality=int(quality), steadiness=steadiness, rate=rate or None, encoder=encoder)
        format_of(suffix, whole.encoder)
        more = self.further.queued(self.limits, further, paths, parts, whole)
        asked = payload or not more
        path = _meant(upload_path(payload, NO_TARGET, self.limits.max_video_bytes), gif) if asked else ""
        if path and (clip is None or clip.path != path):  # the click came before the video had been looked at
            clip, cast, who = open_clip(path, self.limits), None, EVERYONE
            end = clip.longest
        photos = self._photos(sent)
        wanted_people(who, cast, photos)
        tell(0.0, said("Loading the method"))
        plan = lru_cache(1)(lambda swapper: plan_swap(swapper, who, cast, photos))

        def job(path: str, part: VideoSettings) -> Job:
            return video_work(lambda: self.swappers.get(method, restore), plan, path, part, blend, self.limits)

        part = clip.part(start, end, whole) if clip is not None else whole
        if not more:
            result = run_job(path, job(path, part), suffix, teller(tell), tell.cancel)
            yield {**self._finished(result, method), **self._both(payload, part, result)}
            return
        plan(self.swappers.get(method, restore))  # what is wrong with the people is wrong with every video
        first = [QueuedClip(upload_name(payload), lambda: path, lambda _path: part)] if path else []
        steps = swap_clips([*first, *more], job, suffix, tell, ended := SwappedClips())
        yield from self._many(steps, ended, (payload, part) if first else None, method)

    def _many(
        self, steps: Iterator[SwappedClips], ended: SwappedClips, first: tuple[Any, VideoSettings] | None, method: str
    ) -> Iterator[Updates]:
        """Show what comes of several videos; ``first`` is the one whose result is played, if any, and its part."""
        shown: Updates = {self.result.single: gr.Column(visible=False)}
        for number, _ in enumerate(steps):
            if first and not number and ended.results:
                result = ended.results[0][0]
                shown = {**self._finished(result, method), **self._both(*first, result)}
                shown[self.result.notes] = ""  # they stand below all results
                yield {**shown, **self.result.clips.show(ended)}
            elif ended.results:
                box = {self.result.box: gr.Column(visible=True)}
                yield {**box, self.result.single: shown[self.result.single], **self.result.clips.show(ended)}
        if not ended.results:
            raise UserError(" ".join(ended.notes))

    def _finished(self, result: VideoResult, method: str) -> Updates:
        label = offered_methods().get(method, method)
        kind, path = result.path.suffix.removeprefix(".").upper(), str(result.path)
        gif = kind == "GIF"
        return {
            self.result.box: gr.Column(visible=True),
            self.result.single: gr.Column(visible=True),
            self.result.clips.box: gr.Column(visible=False),
            self.result.player: gr.Video(value=None if gif else path, visible=not gif),
            self.result.picture: gr.Image(value=path if gif else None, visible=gif),
            self.result.download: gr.DownloadButton(said(DOWNLOAD.format(kind=kind)), value=path),
            self.result.notes: callout(result.warnings),
            self.result.summary: page.summary(result, label),
            **self.result.marks.show(path),
        }

    def _both(self, payload: Any, part: VideoSettings, result: VideoResult) -> Updates:
        """Before and after side by side; an animation cannot be played in step with anything."""
        before = upload_paths(payload, self.limits.max_video_bytes, files=1)
        there = bool(before) and result.path.suffix != FORMATS["GIF"]
        shown = page.side_by_side(before[0], str(result.path), part.start) if there else ""
        return {self.result.pair: gr.Accordion(visible=there), self.result.both: shown}

    def _photos(self, sent: Sequence[Any]) -> list[list[str]]:
        """The source persons' photos, which come first in what is sent."""
        return [upload_paths(value, files=self.limits.max_source_photos) for value in sent[: len(PEOPLE)]]

    def _wrong(self, error: UserError) -> Updates:
        return {self.problem: callout([error], error=True)}


def _seconds(value: Any) -> float:
    return values.number("Seconds", value, 0, LONGEST)


def _meant(path: str, gif: Gif | None) -> str:
    """The GIF's path where a video only stands for it."""
    return gif.path if gif is not None and gif.stands_for(path) else path
