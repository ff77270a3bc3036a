"""Swapping the faces of a video: a stream from file to file, in memory that does not grow with its length."""

import hashlib
import time
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from threading import Event

from swapper.face_swap.picture import FrameSwapper
from swapper.faces.enrolled import EnrolledPeople
from swapper.faces.track import FaceTracker
from swapper.runtime.timing import StepTimer
from swapper.types import UserError
from swapper.version import __version__
from swapper.video.assemble import assemble
from swapper.video.casting import Casting
from swapper.video.encode import check_video_output
from swapper.video.failures import OutputError, StoppedError, writing
from swapper.video.io import VideoReader
from swapper.video.job import Clock, VideoCancelled, VideoProgress, VideoResult, VideoSettings, kept_part
from swapper.video.journal import Journal
from swapper.video.marks import FrameMarker
from swapper.video.sound import Span
from swapper.video.sound_plan import SoundPlan, plan_sound
from swapper.video.stages import SwapStream
from swapper.video.threads import frugal_opencv


class VideoJob:
    """Everything that is needed to swap the faces of one video."""

    def __init__(
        self,
        reader: VideoReader,
        output: Path,
        casting: Casting,
        swapper: FrameSwapper,
        make_tracker: Callable[[EnrolledPeople], FaceTracker],
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
        self._format = check_video_output(output, settings.encoder)
        self._reader, self._output, self._casting, self._swapper = reader, output, casting, swapper
        self._make_tracker, self._settings, self._marker = make_tracker, settings, marker
        self._unsigned: str | None = None
        self._left_out = 0  # tracks of subtitles that are left out
        self._digest = hashlib.sha256(f"{digest} {settings} {output.suffix} {__version__}".encode()).hexdigest()
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
            UserError: the video is damaged, the output cannot be written or another job is writing it, or the job was
                cancelled.
        """
        with writing(self._output):
            journal = Journal.open(self._output, self._digest)
        try:
            result = self._run(journal, progress, cancel)
        except StoppedError:
            raise
        except UserError:
            journal.forget()
            raise
        else:
            journal.forget()
            return result
        finally:
            journal.close()

    def _run(
        self, journal: Journal, progress: Callable[[VideoProgress], object] | None, cancel: Event | None
    ) -> VideoResult:
        begun, already = time.perf_counter(), journal.frames
        sound = plan_sound(self._reader.path, self._reader.name, self._format, self._span())
        with frugal_opencv():
            people = self._stream(journal, progress, cancel)
        if not journal.frames:
            raise UserError(f"{self._reader.name}: it has no frame there. Choose another part.")
        self._finish(journal, sound)
        seconds = time.perf_counter() - begun
        return VideoResult(
            path=self._output,
            frames=journal.frames,
            swapped=journal.changed,
            people=people,
            seconds=seconds,
            fps=(journal.frames - already) / max(seconds, 1e-9),
            timings=self._timer.milliseconds,
            warnings=self._warnings(journal, sound),
        )

    def _stream(
        self, journal: Journal, progress: Callable[[VideoProgress], object] | None, cancel: Event | None
    ) -> int:
        """Swap all frames that are not finished, into the journal's segments; returns how many people there are."""
        stages = SwapStream(
            self._reader,
            self._casting,
            self._swapper,
            self._make_tracker(EnrolledPeople()),
            self._settings,
            self._marker,
            self._format,
            self._output,
            self._timer,
        )
        rate = self._settings.rate_of(self._reader.info)
        clock = Clock(self._end - self._begin, journal.frames, rate, self._seconds(journal.end))
        with closing(stages.run(journal)) as stream:
            for frame in stream:
                if cancel is not None and cancel.is_set():
                    raise VideoCancelled(f"{self._reader.name}: the swap was cancelled. Start it again.")
                if progress is not None:
                    progress(clock.tick(frame, self._seconds(frame.pts + frame.duration)))
        return stages.people

    def _seconds(self, ticks: int) -> float:
        return float(ticks * self._reader.info.time_base)

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
        with writing(self._output), self._timer.step("assemble"):
            path = journal.result_path(self._output.suffix)
            if not journal.are_whole():
                raise OutputError(
                    f"Output '{self._output}': what was finished of it was changed by another program. Run it again."
                )
            self._left_out = assemble(journal.segments, self._reader.info, self._span(), self._format, path, sound)
            if journal.changed:
                self._unsigned = self._marker.sign(path, self._output.name)
            path.replace(self._output)

    def _warnings(self, journal: Journal, sound: SoundPlan) -> list[str]:
        complaint, lost = self._casting.complaint(), [*self._swapper.likeness_warnings(), *sound.left_out]
        if self._reader.info.transparent:
            lost.append(f"{self._reader.name}: its transparent parts are shown over white.")
        if self._reader.left_out:
            lost.append(
                f"{self._reader.name}: its times jump back, as where files were joined, and {self._reader.left_out} of "
                "its frames were left out. Convert it to MP4 first to keep them."
            )
        if self._left_out:
            lost.append(
                f"{self._reader.name}: {self._left_out} of its tracks of subtitles cannot be kept in a "
                f"{self._output.suffix} file and were left out. Choose .mkv to keep them."
            )
        if not journal.changed:
            said = complaint or "no face was found in it"
            return [f"{self._reader.name}: {said.rstrip('.')}; the frames were left unchanged.", *lost]
        return [said for said in (complaint, self._unsigned, *lost) if said is not None]
