"""Swapping the faces of a video: a stream from file to file, in memory that does not grow with its length."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Event

from swapper.face_swap.picture import FaceToSwap, FrameSwapper, Outcome
from swapper.faces.gallery import Gallery
from swapper.faces.track import FaceTracker, TrackedFace
from swapper.runtime.timing import StepTimer
from swapper.types import UserError
from swapper.video.analyse import AnalysedFrame, analyse
from swapper.video.assemble import assemble
from swapper.video.casting import Casting
from swapper.video.encode import SegmentWriter, check_video_output
from swapper.video.failures import StoppedError, writing
from swapper.video.io import VideoReader
from swapper.video.job import Clock, VideoCancelled, VideoProgress, VideoResult, VideoSettings, kept_part
from swapper.video.journal import Journal
from swapper.video.marks import FrameMarker
from swapper.video.memory import FaceMemory
from swapper.video.picture import TimedFrame
from swapper.video.sound import Span
from swapper.video.sound_plan import SoundPlan, plan_sound
from swapper.video.threads import frugal_opencv, map_in_order, run_ahead

_WARM_UP = 12  # frames before the place where a job goes on, analysed again so that faces are steady from there
_AHEAD = 3  # frames that a stage may be ahead of the next
_WORKERS = 2  # frames that are swapped at a time
_IN_HAND = 2  # frames that are planned before what was learnt from one is known; part of the result, unlike _WORKERS


@dataclass(frozen=True)
class _Planned:
    """A frame, its faces that are swapped, and what happens to each."""

    frame: TimedFrame
    faces: list[TrackedFace]
    tasks: list[FaceToSwap]


@dataclass(frozen=True)
class _Done:
    """A frame whose faces are swapped, and what was learnt from each."""

    frame: TimedFrame
    faces: list[TrackedFace]
    outcomes: list[Outcome]


class VideoJob:
    """Everything that is needed to swap the faces of one video."""

    def __init__(
        self,
        reader: VideoReader,
        output: Path,
        casting: Casting,
        swapper: FrameSwapper,
        make_tracker: Callable[[Gallery], FaceTracker],
        settings: VideoSettings,
        marker: FrameMarker,
        digest: str,
    ):
        """Put a job together; nothing is read or written yet.

        Args:
            reader: of the video.
            output: file to write.
            casting: says who becomes whom.
            swapper: swaps faces in frames.
            make_tracker: makes what follows faces, from the people known already.
            settings: of the job.
            marker: says in the file that it was swapped.
            digest: of what the result depends on besides the settings; a job that was stopped goes on only where
                both are the same.

        Raises:
            UserError: the output cannot be written, or the trimmed part lies outside the video.
        """
        self._format = check_video_output(output)
        self._reader, self._output, self._casting, self._swapper = reader, output, casting, swapper
        self._make_tracker, self._settings, self._marker = make_tracker, settings, marker
        self._unsigned: str | None = None
        self._left_out = 0  # tracks of subtitles that are left out
        self._digest = f"{digest} {settings} {output.suffix}"
        self._timer = StepTimer()
        self._begin, self._end = kept_part(reader.info, settings)

    def run(
        self, progress: Callable[[VideoProgress], object] | None = None, cancel: Event | None = None
    ) -> VideoResult:
        """Do the work, or the rest of it when an earlier run was stopped.

        Args:
            progress: called after every frame.
            cancel: set it from another thread to end the job; nothing is left then.

        Raises:
            UserError: the video is damaged, the output cannot be written, or the job was cancelled.
        """
        begun = time.perf_counter()
        with writing(self._output):
            journal = Journal.open(self._output, self._digest)
        already = journal.frames
        try:
            sound = plan_sound(self._reader.path, self._reader.name, self._format, self._span())
            with frugal_opencv():
                tracker = self._stream(journal, progress, cancel)
            if not journal.frames:
                raise UserError(f"{self._reader.name}: it has no frame there. Choose another part.")
            self._finish(journal, sound)
        except (StoppedError, KeyboardInterrupt):
            if not journal.segments:
                journal.remove()
            raise
        except UserError:
            journal.remove()
            raise
        seconds = time.perf_counter() - begun
        result = VideoResult(
            path=self._output,
            frames=journal.frames,
            swapped=journal.changed,
            people=sum(person.sightings > 0 for person in tracker.gallery.people),
            seconds=seconds,
            fps=(journal.frames - already) / max(seconds, 1e-9),
            timings=self._timer.milliseconds,
            warnings=self._warnings(journal, sound),
        )
        journal.remove()
        return result

    def _stream(
        self, journal: Journal, progress: Callable[[VideoProgress], object] | None, cancel: Event | None
    ) -> FaceTracker:
        """Swap all frames that are not finished; they go into the journal's segments."""
        tracker = self._make_tracker(Gallery.from_rows(journal.memory.get("people", [])))
        if journal.memory:
            self._casting.restore(journal.memory["casting"])
        rate = float(self._reader.info.rate)
        clock = Clock(self._end - self._begin, journal.frames, rate, self._seconds(journal.end))
        memory = FaceMemory(journal.memory.get("faces", []), steady=self._settings.steadiness > 0)
        swapped = self._swapped(journal, tracker, memory)
        written = self._written(swapped, journal, lambda: self._known(tracker, memory))
        with closing(run_ahead(written, _AHEAD)) as stream:
            for done in stream:
                if cancel is not None and cancel.is_set():
                    raise VideoCancelled(f"{self._reader.name}: the swap was cancelled. Start it again.")
                if progress is not None:
                    progress(clock.tick(done.frame, self._seconds(done.frame.pts + done.frame.duration)))
        return tracker

    def _seconds(self, ticks: int) -> float:
        return float(ticks * self._reader.info.time_base)

    def _swapped(self, journal: Journal, tracker: FaceTracker, memory: FaceMemory) -> Iterator[_Done]:
        """Finished frames from where the journal ends."""
        info = self._reader.info
        warm = max(round(_WARM_UP / (info.rate * info.time_base)), 1)
        frames = self._reader.frames(self._begin, self._settings.end, max(journal.end - warm, 0))
        with closing(run_ahead(self._timed("decode", frames), _AHEAD)) as decoded:
            analysed = self._timed("analyse", analyse(decoded, tracker, self._settings.steadiness))
            with closing(run_ahead(analysed, _AHEAD)) as ready:
                planned = (self._plan(frame, memory) for frame in ready if frame.frame.pts >= journal.end)
                for done, timer in map_in_order(self._swap, planned, _WORKERS, _IN_HAND):
                    memory.learn(done.faces, done.outcomes)
                    self._add(timer)
                    yield done

    def _plan(self, analysed: AnalysedFrame, memory: FaceMemory) -> _Planned:
        """Prepare the faces of a frame; small ones come first, so that near ones lie on top."""
        memory.meet(analysed.faces)
        cast = self._casting.cast(analysed.faces, analysed.people)
        order = sorted(cast, reverse=True)
        faces = [analysed.faces[index] for index in order]
        tasks = [
            memory.plan(self._swapper, analysed.frame.image, face, cast[index])
            for index, face in zip(order, faces, strict=True)
        ]
        return _Planned(analysed.frame, faces, tasks)

    def _swap(self, planned: _Planned) -> tuple[_Done, StepTimer]:
        frame, timer = planned.frame, StepTimer()
        outcomes = self._swapper.swap_faces(frame.image, planned.tasks, timer) if planned.tasks else []
        return _Done(frame, planned.faces, outcomes), timer

    def _written(
        self, frames: Iterable[_Done], journal: Journal, known: Callable[[], dict[str, object]]
    ) -> Generator[_Done, None, None]:
        """The same frames, after they have been encoded; finished segments go into the journal, with what is known."""
        segment: SegmentWriter | None = None
        try:
            for done in frames:
                with self._timer.step("encode"):
                    segment = segment or self._new_segment(journal)
                    if done.outcomes:
                        boxes = [outcome.box for outcome in done.outcomes if outcome.box is not None]
                        self._marker.mark_frame(done.frame, boxes)
                    segment.write(done.frame, bool(done.outcomes))
                    if segment.is_full:
                        self._keep(journal, segment, known())
                        segment = None
                yield done
            if segment is not None:
                with self._timer.step("encode"):
                    self._keep(journal, segment, known())
                segment = None
        finally:
            close = getattr(frames, "close", None)
            if close is not None:
                close()
            if segment is not None:
                segment.discard()

    def _new_segment(self, journal: Journal) -> SegmentWriter:
        return SegmentWriter(journal.next_path(), self._reader.info, self._format, self._settings.quality, self._output)

    def _keep(self, journal: Journal, segment: SegmentWriter, known: dict[str, object]) -> None:
        done = segment.close()
        with writing(self._output):
            journal.add(done, known)

    def _known(self, tracker: FaceTracker, memory: FaceMemory) -> dict[str, object]:
        return {
            "people": tracker.gallery.to_rows(),
            "casting": self._casting.to_rows(),
            "faces": memory.to_rows(),
        }

    def _span(self) -> Span:
        """The part of the video that is kept."""
        origin = self._reader.info.origin
        return Span(
            begin=origin + Fraction(self._begin),
            end=None if self._settings.end is None else origin + Fraction(self._end),
            trimmed=self._settings.start > 0,
            lead_in=self._settings.start == 0 and self._format.edits,
        )

    def _finish(self, journal: Journal, sound: SoundPlan) -> None:
        """Join the segments and the sound, and give the file its name."""
        path = journal.folder / self._output.name
        with writing(self._output), self._timer.step("assemble"):
            self._left_out = assemble(journal.segments, self._reader.info, self._span(), self._format, path, sound)
            if journal.changed:
                self._unsigned = self._marker.sign(path)
            path.replace(self._output)

    def _warnings(self, journal: Journal, sound: SoundPlan) -> list[str]:
        complaint, lost = self._casting.complaint(), [*self._swapper.likeness_warnings(), *sound.left_out]
        if self._left_out:
            lost.append(
                f"{self._reader.name}: {self._left_out} of its tracks of subtitles cannot be kept in a "
                f"{self._output.suffix} file and were left out. Choose .mkv to keep them."
            )
        if not journal.changed:
            said = complaint or "no face was found in it"
            return [f"{self._reader.name}: {said.rstrip('.')}; the frames were left unchanged.", *lost]
        return [said for said in (complaint, self._unsigned, *lost) if said is not None]

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
