"""From a video's file to finished segments: the stages of a job, which work at the same time."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swapper.face_swap.picture import FaceToSwap, FrameSwapper, Outcome
from swapper.faces.track import FaceTracker, TrackedFace
from swapper.runtime.timing import StepTimer
from swapper.video.analyse import AnalysedFrame, analyse, tracks_of
from swapper.video.casting import Casting
from swapper.video.encode import OutputFormat, SegmentWriter, segment_length
from swapper.video.failures import writing
from swapper.video.io import VideoReader
from swapper.video.job import VideoSettings
from swapper.video.journal import Journal
from swapper.video.marks import FrameMarker
from swapper.video.memory import FaceMemory
from swapper.video.picture import TimedFrame
from swapper.video.thinning import thinned
from swapper.video.threads import map_in_order, run_ahead

_AHEAD = 3  # frames that a stage may be ahead of the next
_WORKERS = 2  # frames that are swapped at a time
_IN_HAND = 2  # frames that are planned before what was learnt from one is known; part of the result, unlike _WORKERS


@dataclass(frozen=True)
class _Planned:
    """A frame, its faces that are swapped, and what happens to each."""

    analysed: AnalysedFrame
    faces: list[TrackedFace]
    tasks: list[FaceToSwap]


@dataclass(frozen=True)
class _Done:
    """A frame whose faces are swapped, and what was learnt from each."""

    analysed: AnalysedFrame
    faces: list[TrackedFace]
    outcomes: list[Outcome]

    @property
    def frame(self) -> TimedFrame:
        return self.analysed.frame


class SwapStream:
    """Decodes, analyses, swaps and encodes the frames of one video.

    What a later frame depends on is kept at the end of every segment, so that a job that was stopped goes on as if it
    had not been.
    """

    def __init__(
        self,
        reader: VideoReader,
        casting: Casting,
        swapper: FrameSwapper,
        tracker: FaceTracker,
        settings: VideoSettings,
        marker: FrameMarker,
        how: OutputFormat,
        output: Path,
        timer: StepTimer,
    ):
        """Put the stages together; nothing is read or written yet.

        Args:
            reader: of the video.
            casting: says who becomes whom.
            swapper: swaps faces in frames.
            tracker: follows faces.
            settings: of the job.
            marker: says in the frames that they were swapped.
            how: the format of the finished video.
            output: the finished video, which errors name.
            timer: collects the time of the steps.
        """
        self._reader, self._casting, self._swapper, self._tracker = reader, casting, swapper, tracker
        self._settings, self._marker, self._how, self._output = settings, marker, how, output
        self._timer, self._length = timer, segment_length(reader.info)
        self._people = 0

    @property
    def people(self) -> int:
        """People told apart so far."""
        return self._people

    def run(self, journal: Journal) -> Generator[TimedFrame, None, None]:
        """Finished frames, from where the journal ends; segments go into it.

        Args:
            journal: of the job.

        Raises:
            UserError: the video is damaged, or its frames cannot be encoded or written.
        """
        before = journal.memory
        if before:
            self._casting.restore(before["casting"])
            self._people = before["people"]
        if before.get("complete"):
            return
        memory = FaceMemory(before.get("faces"), steady=self._settings.steadiness > 0)
        swapped = self._swapped(journal, memory, before.get("analysis"))
        with closing(run_ahead(self._written(swapped, journal, memory), _AHEAD)) as stream:
            yield from stream

    def _swapped(self, journal: Journal, memory: FaceMemory, state: dict[str, Any] | None) -> Iterator[_Done]:
        """Swapped frames from where the journal ends."""
        every = self._reader.frames(self._settings.start, self._settings.end, journal.end)
        frames = thinned(every, self._settings.rate, self._reader.info.time_base)
        with closing(run_ahead(self._timed("decode", frames), _AHEAD)) as decoded:
            walk = analyse(decoded, self._tracker, self._settings.steadiness, state_every=self._length, state=state)
            with closing(run_ahead(self._timed("analyse", walk), _AHEAD)) as ready:
                for first in ready:
                    # Nothing of the next segment is planned before all of this one is known.
                    tasks = (self._plan(frame, memory) for frame in _segment(first, ready))
                    for done, timer in map_in_order(self._swap, tasks, _WORKERS, _IN_HAND):
                        memory.learn(done.faces, done.outcomes)
                        self._add(timer)
                        yield done

    def _plan(self, analysed: AnalysedFrame, memory: FaceMemory) -> _Planned:
        """Prepare the faces of a frame; small ones come first, so that near ones lie on top."""
        cast = self._casting.cast(analysed.faces, analysed.people)
        self._people = sum(person.sightings > 0 for person in analysed.people.people)
        order = sorted(cast, reverse=True)
        faces = [analysed.faces[index] for index in order]
        tasks = [
            memory.plan(self._swapper, analysed.frame.image, face, cast[index])
            for index, face in zip(order, faces, strict=True)
        ]
        return _Planned(analysed, faces, tasks)

    def _swap(self, planned: _Planned) -> tuple[_Done, StepTimer]:
        image, timer = planned.analysed.frame.image, StepTimer()
        outcomes = self._swapper.swap_faces(image, planned.tasks, timer) if planned.tasks else []
        return _Done(planned.analysed, planned.faces, outcomes), timer

    def _written(
        self, frames: Iterator[_Done], journal: Journal, memory: FaceMemory
    ) -> Generator[TimedFrame, None, None]:
        """The same frames, after they have been encoded."""
        segment: SegmentWriter | None = None
        try:
            for done in frames:
                with self._timer.step("encode"):
                    segment = segment or self._new_segment(journal)
                    if done.outcomes:
                        boxes = [outcome.box for outcome in done.outcomes if outcome.box is not None]
                        self._marker.mark_frame(done.frame, boxes)
                    segment.write(done.frame, bool(done.outcomes))
                    if done.analysed.state is not None:
                        self._keep(journal, segment, self._known(done.analysed.state, memory))
                        segment = None
                yield done.frame
            with self._timer.step("encode"), writing(self._output):
                self._keep(journal, segment, self._known(None, memory))
            segment = None
        finally:
            frames.close()  # type: ignore[attr-defined]
            if segment is not None:
                segment.discard()

    def _new_segment(self, journal: Journal) -> SegmentWriter:
        self._marker.begin_segment()
        with writing(self._output):
            path = journal.next_path()
        quality = self._settings.quality
        return SegmentWriter(path, self._reader.info, self._how, quality, self._output, journal.next_mark)

    def _keep(self, journal: Journal, segment: SegmentWriter | None, known: dict[str, Any]) -> None:
        done = None if segment is None else segment.close()
        with writing(self._output):
            journal.add(done, known)

    def _known(self, state: dict[str, Any] | None, memory: FaceMemory) -> dict[str, Any]:
        """What later frames depend on, after the last frame of a segment; of the last segment, what is said of it."""
        told = {"casting": self._casting.to_rows(), "people": self._people}
        if state is None:
            return told | {"complete": True}
        return told | {"analysis": state, "faces": memory.to_row(tracks_of(state))}

    def _timed(self, step: str, items: Iterable) -> Iterator:
        """The same items; the time they take to make is added to a step."""
        walk = iter(items)
        try:
            while True:
                with self._timer.step(step):
                    item = next(walk, None)
                if item is None:
                    return
                yield item
        finally:
            walk.close()  # type: ignore[attr-defined]

    def _add(self, timer: StepTimer) -> None:
        for step, spent in timer.milliseconds.items():
            self._timer.milliseconds[step] = self._timer.milliseconds.get(step, 0.0) + spent


def _segment(first: AnalysedFrame, rest: Iterator[AnalysedFrame]) -> Iterator[AnalysedFrame]:
    """Frames up to the last one of a segment."""
    yield first
    if first.state is None:
        for frame in rest:
            yield frame
            if frame.state is not None:
                return
