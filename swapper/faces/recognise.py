"""Who the followed faces of a video show. A track is not a person: whoever it shows is checked again and again."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.align import cut_crop
from swapper.faces.association import is_readable
from swapper.faces.embed import IdentityEmbedder
from swapper.faces.enrolled import KNOWN_AGAIN, EnrolledPeople, EnrolledPerson
from swapper.faces.landmarks import five_points
from swapper.faces.pose import head_pose
from swapper.faces.select import SAME_PERSON
from swapper.faces.tracks import NOBODY, Correction, Track

_FIRST_LOOKS, _SOON, _LATER = 4, 3, 15  # frames between the first looks at a face, and between later ones
_SAME_FACE = 0.5  # cosine of one face's embeddings in two frames in a row, whatever it does
_OTHER_FACE = 0.25  # and of two people's
_STRANGER = 0.15, 0.3  # cosine below which a face is hardly the person it was: turned far, or not
_FALLEN = 0.3, 0.55  # and share of its usual cosine
_USUAL = 0.7  # share of the usual cosine that stays when a new look comes
_TURNED = 35.0  # degrees
_LEAD = 0.1  # lead in cosine with which a face is another person rather than the one it was
_DOUBTS = 2, 5  # looks in a row that speak for somebody known, or only against its person, before it is believed
_PATIENCE = 6  # looks at a face that changed suddenly before it is taken for a stranger's

Frame = UInt8[np.ndarray, "h w 3"]
Mesh = Float32[np.ndarray, "478 3"]
Embedding = Float32[np.ndarray, "512"]


class Recogniser:
    """Names the people of one video.

    Attributes:
        enrolled: everybody seen so far.
        corrections: of frames before this one, found out in this frame.
    """

    def __init__(self, embedder: IdentityEmbedder, enrolled: EnrolledPeople, numbers: Iterator[int]):
        """Start with the people known already.

        Args:
            embedder: tells people apart.
            enrolled: the people known; grows.
            numbers: for tracks that turn out to be somebody else.
        """
        self._embedder, self._numbers = embedder, numbers
        self.enrolled = enrolled
        self.corrections: list[Correction] = []

    def question(self, track: Track, before: tuple[Frame, Mesh], frame: Frame, now: int) -> bool:
        """Ask whether a track that looks suddenly different still shows the same face.

        Args:
            track: changed: in question from this frame on unless it does, and a new track with nobody's name if it
                certainly does not.
            before: the frame before and where the face was in it.
            frame: RGB.
            now: its number.

        Returns:
            Whether there is a question.
        """
        crops = [cut_crop(before[0], five_points(before[1])), cut_crop(frame, track.points)]
        first, second = self._embedder.embed(crops)
        same = float(first @ second)
        if same >= _SAME_FACE:
            return False
        if same < _OTHER_FACE:
            track.number, track.person, track.begun = next(self._numbers), NOBODY, now
            track.unsure, track.doubts, track.looked = None, 0, -1
        elif track.unsure is None:
            track.unsure, track.doubts, track.strange = now, 0, []
        return True

    def recognise(self, frame: Frame, tracks: Sequence[Track], now: int, detected: bool) -> None:
        """Identify the faces that are due for a check.

        Args:
            frame: RGB.
            tracks: everybody in the frame; changed.
            now: number of the frame.
            detected: whether faces were looked for in it; else only those are checked that are in question.
        """
        due = [track for track in tracks if track.in_question or _is_due(track, now, detected)]
        looks = zip(due, self._embed(frame, due), strict=True)
        claims = [(track, embedding) for track, embedding in looks if embedding is not None]
        for track, embedding in sorted(claims, key=lambda claim: -claim[0].person.likeness(claim[1])):
            track.looked = now
            self._look(frame, track, embedding, tracks, now)
        for track in tracks:
            if track.person is NOBODY:
                track.person = self.enrolled.stranger()

    def likeness(self, frame: Frame, tracks: Sequence[Track]) -> list[float]:
        """Cosine of each face to the person it is assigned to; -1 where it cannot be measured.

        Args:
            frame: RGB.
            tracks: the faces.
        """
        embeddings = self._embed(frame, tracks)
        return [-1.0 if k is None else track.person.likeness(k) for track, k in zip(tracks, embeddings, strict=True)]

    def nearer(self, frame: Frame, landmarks: Mesh, first: EnrolledPerson, second: EnrolledPerson) -> bool:
        """Whether a face surely shows the first of two people rather than the second.

        Args:
            frame: RGB.
            landmarks: of the face, frame pixels.
            first: one.
            second: another, who may not have been seen well.
        """
        if not is_readable(landmarks, frame.shape[:2]):
            return False
        embedding = self._embedder.embed([cut_crop(frame, five_points(landmarks))])[0]
        likeness = first.likeness(embedding)
        return likeness >= SAME_PERSON and likeness > second.likeness(embedding)

    def drop(self, track: Track, instead: Track) -> None:
        """A track has slid onto another person's face: so it may have been wrong before.

        Args:
            track: that one.
            instead: the one whose face it is.
        """
        if track.is_known and instead.is_known:
            self._correct(track, track.unproven, False, None, instead.person)

    def _look(self, frame: Frame, track: Track, embedding: Embedding, tracks: Sequence[Track], now: int) -> None:
        """Decide from a new embedding who a track shows."""
        taken = {other.person.number for other in tracks if other is not track}
        if not track.is_known:
            self._name(track, self.enrolled.find(embedding, taken))
        else:
            likeness = track.person.likeness(embedding)
            rival = self._rival(track, embedding, likeness, taken if likeness >= _STRANGER[0] else set())
            if rival is None and likeness >= _least(track):
                self._confirm(track, likeness, now)
            elif not _disproved(track, rival, likeness):
                if likeness < KNOWN_AGAIN:
                    track.strange.append(now)
                return  # a doubtful look teaches nothing
            else:
                holder = next((other for other in tracks if other is not track and other.person is rival), None)
                self._change(track, rival or self.enrolled.stranger())
                if holder is not None:
                    self._look_at_holder(frame, holder, tracks, now)
        track.person.learn(embedding)
        track.sure, track.doubts = now, 0

    def _rival(self, track: Track, embedding: Embedding, likeness: float, taken: set[int]) -> EnrolledPerson | None:
        """Somebody else whom the face resembles clearly more."""
        other = self.enrolled.find(embedding, {track.person.number, *taken})
        return other if other is not None and other.likeness(embedding) >= likeness + _LEAD else None

    def _name(self, track: Track, known: EnrolledPerson | None) -> None:
        """Give a track that was nobody's the name of somebody known, or of a stranger."""
        if known is not None and track.person is not NOBODY:
            self._correct(track, track.begun, True, track.number, known)
        track.person = known or (self.enrolled.stranger() if track.person is NOBODY else track.person)
        track.unsure, track.likeness = None, 0.0

    def _confirm(self, track: Track, likeness: float, now: int) -> None:
        track.likeness = _USUAL * track.likeness + (1 - _USUAL) * likeness if track.likeness else likeness
        if track.unsure is not None and track.unsure < now:
            # Somebody else may have been seen for a moment: frames that did not show this person stay nobody's.
            self._correct(track, track.unsure, True, track.number, track.person, [*track.strange])
        track.unsure = None

    def _change(self, track: Track, person: EnrolledPerson) -> None:
        """A track shows somebody else than before, since a frame that is known or is yet to be found."""
        exact = track.unsure is not None
        since = track.unproven if track.unsure is None else track.unsure
        number = next(self._numbers)
        self._correct(track, since, exact, number, person)
        track.number, track.person, track.unsure, track.begun = number, person, None, since
        track.likeness = 0.0

    def _correct(
        self,
        track: Track,
        since: int,
        exact: bool,
        number: int | None,
        person: EnrolledPerson,
        but: Collection[int] = (),
    ) -> None:
        self.corrections.append(Correction(track.number, since, exact, number, track.person, person, but))

    def _look_at_holder(self, frame: Frame, holder: Track, tracks: Sequence[Track], now: int) -> None:
        """Another track has the person that a track turned out to be: perhaps they have changed places."""
        since, before, number = holder.unproven, holder.person, holder.number
        holder.number, holder.person, holder.unsure, holder.doubts = next(self._numbers), NOBODY, None, 0
        again = self._embed(frame, [holder])[0]
        if again is None:
            holder.person = self.enrolled.stranger()
        else:
            self._look(frame, holder, again, tracks, now)
        holder.begun = since
        self.corrections.append(Correction(number, since, False, holder.number, before, holder.person))

    def _embed(self, frame: Frame, tracks: Sequence[Track]) -> list[Embedding | None]:
        """Embeddings of faces; None for those that are turned or too small to be told apart."""
        readable = [is_readable(track.mesh, frame.shape[:2]) for track in tracks]
        if not any(readable):
            return [None] * len(tracks)
        crops = [cut_crop(frame, track.points) for track, clear in zip(tracks, readable, strict=True) if clear]
        embeddings = iter(self._embedder.embed(crops))
        return [next(embeddings) if clear else None for clear in readable]


def _is_turned(track: Track) -> bool:
    return abs(head_pose(track.mesh).yaw) > _TURNED


def _least(track: Track) -> float:
    """Cosine with which a face is recognised as the person of its track."""
    if track.unsure is not None:
        return _SAME_FACE
    return max(SAME_PERSON, _FALLEN[not _is_turned(track)] * track.likeness)


def _disproved(track: Track, rival: EnrolledPerson | None, likeness: float) -> bool:
    """Whether a look that did not recognise a track's person is enough to believe that it is not that person."""
    straight = not _is_turned(track)
    least = max(_STRANGER[straight], _FALLEN[straight] * track.likeness)
    if track.unsure is None and rival is None and likeness >= least:
        track.doubts = 0
        return False
    track.doubts += 1
    if track.unsure is None:
        return track.doubts >= _DOUBTS[rival is None]
    return rival is not None or track.doubts >= _PATIENCE


def _is_due(track: Track, now: int, detected: bool) -> bool:
    passed = now - track.looked
    if not track.is_known:
        return detected or passed >= _SOON
    return passed >= _SOON if track.person.sightings < _FIRST_LOOKS else detected and passed >= _LATER
