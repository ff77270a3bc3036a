"""Looking at a video's sound before its pictures are swapped: what is copied, encoded anew, or left out."""

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError

from swapper.video.encode import OutputFormat
from swapper.video.failures import reason
from swapper.video.opening import open_video
from swapper.video.samples import layout_of, nearest_layout
from swapper.video.sound import Span, TrackError, TrackPlan, add_tracks, guarded, packets_from

# Codecs whose packets last a fraction of a video frame; when a video is trimmed, others are cut within a packet.
_SHORT_PACKETS = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "opus", "vorbis", "dts"})
# Files that say once what their sound is; in others it may change anywhere, so all of it is looked at.
_STEADY = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
_TRIED, _LOOKED_AT = 64, 3000  # packets of a track, and of all, that are tried
_LAYOUTS = {
    "aac": ("7.1", "5.1", "5.0", "4.0", "3.0", "stereo", "mono"),
    "libopus": ("7.1", "6.1", "5.1", "5.0", "quad", "3.0", "stereo", "mono"),
}


@dataclass
class SoundPlan:
    """What becomes of every track of sound.

    Attributes:
        choices: by the index of the source's stream: how it can get into the new file, the best way first.
        left_out: sentences about tracks that cannot.
        names: what sentences call the tracks.
    """

    choices: dict[int, list[TrackPlan]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)

    @property
    def tracks(self) -> dict[int, TrackPlan]:
        """The best way of each track."""
        return {index: choices[0] for index, choices in self.choices.items()}

    def fall_back(self, error: TrackError) -> None:
        """Take the next way of a track after the best one has failed; where there is none, it is left out.

        Args:
            error: says which track; all of them where it does not.
        """
        for index in [*self.choices] if error.index is None else [error.index]:
            self.choices[index] = [] if error.index is None else self.choices[index][1:]
            if not self.choices[index]:
                self.leave_out(index, error.why)

    def leave_out(self, index: int, why: str) -> None:
        """Leave a track out, and say so.

        Args:
            index: of the source's stream.
            why: reason.
        """
        self.choices.pop(index, None)
        self.left_out.append(f"{self.names[index]} cannot be kept ({why}) and was left out.")


def plan_sound(path: Path, name: str, how: OutputFormat, span: Span) -> SoundPlan:
    """Look at every track of sound, and try what is meant to be done with it.

    Args:
        path: of the video.
        name: of the video, as messages begin.
        how: format of the new file.
        span: what is kept.
    """
    plan = SoundPlan()
    if how.fallback is None:
        return plan
    with open_video(path) as source:
        streams = [stream for stream in source.streams if stream.type == "audio"]
        steady = source.format.name in _STEADY
        codecs = {s.index: s.codec_context.codec.canonical_name if s.codec_context else None for s in streams}
        tags = {s.index: str(getattr(s, "codec_tag", "") or "").strip("\0 ") for s in streams if not s.codec_context}
    for number, (index, codec) in enumerate(codecs.items(), 1):
        plan.names[index] = f"{name}: its sound" + (f" track {number} of {len(codecs)}" if len(codecs) > 1 else "")
        if codec is None:
            plan.leave_out(index, f"nothing here decodes '{tags[index]}'" if tags[index] else "nothing here decodes it")
            continue
        look = _Look(path, index, codec, how, span)
        plan.choices[index] = look.choices(steady)
        if not plan.choices[index]:
            plan.leave_out(index, look.why)
        elif look.unnamed and plan.choices[index][0].codec:
            kept = _channels(nearest_layout(look.unnamed))
            plan.left_out.append(f"{plan.names[index]} has {look.unnamed}; of these the first {kept} can be kept.")
    return plan


class _Look:
    """Finds out how one track can get into the new file.

    Attributes:
        why: it cannot.
        unnamed: layout whose channels nobody can place, so that only the first are encoded.
    """

    def __init__(self, path: Path, index: int, codec: str, how: OutputFormat, span: Span):
        self._path, self._index, self._codec, self._how, self._span = path, index, codec, how, span
        self.why = "it is empty"
        self.unnamed = ""

    def choices(self, steady: bool) -> list[TrackPlan]:
        """Ways that work, best first.

        Args:
            steady: the file says once what the sound is.
        """
        kinds = self._kinds(everything=not steady and not self._codec.startswith("pcm_"))
        if not kinds:
            return []
        assert self._how.fallback is not None, "the format holds sound"
        found: list[TrackPlan] = []
        cuttable = not self._span.trimmed or self._codec in _SHORT_PACKETS
        if self._codec in self._how.audio and cuttable and len(kinds) == 1 and self._works(TrackPlan()):
            found.append(TrackPlan())
        widest = max(kinds, key=lambda kind: (_channels(kind[0]), kind[1]))
        if "(" not in widest[0] and _channels(nearest_layout(widest[0])) < _channels(widest[0]):
            self.unnamed = widest[0]
        for plan in _encodings(self._how.fallback, *widest):
            if found or self._works(plan):
                return [*found, plan]
        return found

    def _kinds(self, everything: bool) -> set[tuple[str, int]]:
        """Layouts and rates of the sound."""
        kinds: set[tuple[str, int]] = set()
        with open_video(self._path) as source, suppress(TrackError):
            for packet in self._packets(source, everything):
                try:
                    frames = packet.decode()
                except FFmpegError as error:
                    self.why = reason(error)
                    continue
                kinds |= {(layout_of(f), f.sample_rate) for f in frames if isinstance(f, av.AudioFrame) and f.samples}
        return kinds

    def _works(self, plan: TrackPlan) -> bool:
        """Whether the first packets get into a file of the format."""
        try:
            with open_video(self._path) as source, av.open(io.BytesIO(), "w", format=self._how.container) as trial:
                tracks = add_tracks(source, trial, {self._index: plan}, self._span)
                for packet in self._packets(source, everything=False):
                    for made in guarded(self._index, tracks[self._index].feed(packet)):
                        trial.mux_one(made)
                for made in guarded(self._index, tracks[self._index].finish()):
                    trial.mux_one(made)
        except (FFmpegError, ValueError, TrackError) as error:
            self.why = error.why if isinstance(error, TrackError) else reason(error)
            return False
        return True

    def _packets(self, source: InputContainer, everything: bool) -> Iterator[av.Packet]:
        """Packets of the track, the first ones or all; none are looked for too long."""
        own = source.streams[self._index]
        pictures = [] if everything else [*source.streams.video]
        tried = 0
        for looked_at, packet in enumerate(packets_from(source, [own, *pictures], self._span), 1):
            if packet.stream.index == self._index:
                tried += 1
                yield packet
            if not everything and (tried >= _TRIED or looked_at >= _LOOKED_AT):
                return


def _encodings(codec: str, layout: str, rate: int) -> Iterator[TrackPlan]:
    """Layouts and rates an encoder takes, what is nearest to the sound's own first.

    Source: Opus, RFC 7845, section 5.1.1.2; AAC, ISO/IEC 14496-3, table 1.19 (what else it can say, few players know).
    """
    rates = sorted(av.Codec(codec, "w").audio_rates or [rate])
    usual = max(rates) if codec == "libopus" else next((r for r in rates if r >= rate), rates[-1])
    own = nearest_layout(layout)
    fewer = [name for name in _LAYOUTS[codec] if _channels(name) <= _channels(own) and (name != "3.0" or own == "3.0")]
    for name in [own, *fewer] if own in _LAYOUTS[codec] else fewer:
        yield TrackPlan(codec, name, usual)


def _channels(layout: str) -> int:
    return av.AudioLayout(layout).nb_channels
