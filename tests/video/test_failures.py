"""Errors tell the truth: each kind has its own sentence, with the library's reason."""

import errno
from pathlib import Path

import av
import pytest
from clips import background, pictures, write_clip

from swapper.types import UserError
from swapper.video import encode
from swapper.video.failures import InputError, OutputError, encoding, reading, writing

OUTPUT = Path("o.mp4")


def ffmpeg_error(code: int) -> av.error.FFmpegError:
    """As FFmpeg raises it; operating system's numbers or its own."""
    with pytest.raises(av.error.FFmpegError) as caught:
        av.error.err_check(-code)
    return caught.value


@pytest.mark.parametrize("make", [ffmpeg_error, lambda code: OSError(code, "words of the system")])
@pytest.mark.parametrize(
    ("code", "said", "advice"),
    [
        (errno.ENOSPC, "No space left on device", "Free space there"),
        (errno.EACCES, "Permission denied", "Choose another folder, or get the right"),
        (errno.EROFS, "Read-only file system", "Choose another folder, or get the right"),
        (errno.EIO, "Input/output error", "Check the disk"),
        (errno.EINVAL, "Invalid argument", "Check the disk"),
    ],
)
def test_writing(make, code, said, advice):
    with pytest.raises(OutputError) as caught, writing(OUTPUT):
        raise make(code)
    assert str(caught.value).startswith(f"Output 'o.mp4': it cannot be written ({said}). {advice}")
    assert ("space" in str(caught.value).split(").")[1]) == (code == errno.ENOSPC)


@pytest.mark.parametrize("error", [ffmpeg_error(errno.EINVAL), ValueError("no such size")])
def test_encoding(error):
    said = r"cannot be encoded \((Invalid argument|no such size)\)\. Choose another"
    with pytest.raises(OutputError, match=said), encoding(OUTPUT):
        raise error


def test_reading():
    said = r"Video 'a': it cannot be read \(Input/output error\)\. Check the disk"
    with pytest.raises(InputError, match=said), reading("Video 'a'"):
        raise ffmpeg_error(errno.EIO)
    with pytest.raises(InputError, match="not enough memory"), reading("Video 'a'"):
        raise ffmpeg_error(errno.ENOMEM)
    with pytest.raises(av.error.InvalidDataError), reading("Video 'a'"):  # damage is for whoever looks at the data
        raise av.error.InvalidDataError(1094995529, "Invalid data")


def failing_from(frame: int, step: str, error: Exception):
    """A writer of segments one of whose steps fails at a frame."""

    class Failing:
        def __init__(self, real):
            self._real, self._count = real, 0

        def __getattr__(self, name):
            return getattr(self._real, name)

        def _step(self, *arguments):
            self._count += 1
            if self._count > frame:
                raise error
            return getattr(self._real, step)(*arguments)

    setattr(Failing, step, Failing._step)
    return Failing


@pytest.mark.parametrize(
    ("part", "step", "code", "said"),
    [
        ("_stream", "encode", errno.EINVAL, "the pictures cannot be encoded"),
        ("_container", "mux", errno.EIO, "it cannot be written (Input/output error). Check the disk"),
        ("_container", "mux", errno.ENOSPC, "it cannot be written (No space left on device). Free space"),
    ],
)
def test_a_job_says_what_failed_and_goes_on_later(tmp_path, swap, monkeypatch, part, step, code, said):
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", 10)
    source = write_clip(tmp_path / "in.mp4", [background(64, 96)] * 40)
    made = []

    def opened(self, *arguments, real=encode.SegmentWriter.__init__):
        real(self, *arguments)
        made.append(self)
        if len(made) == 3:
            setattr(self, part, failing_from(3, step, ffmpeg_error(code))(getattr(self, part)))

    with monkeypatch.context() as patched:
        patched.setattr(encode.SegmentWriter, "__init__", opened)
        with pytest.raises(OutputError) as caught:
            swap(source, tmp_path / "out.mp4")
    assert said in str(caught.value)
    assert not (tmp_path / "out.mp4").exists()
    counted = []
    swap(source, tmp_path / "out.mp4", progress=lambda now: counted.append(now.frames))
    assert counted[0] == 21
    assert len(pictures(tmp_path / "out.mp4")) == 40


def test_a_disk_that_cannot_be_read_is_no_damaged_file(tmp_path, swap, monkeypatch):
    source = write_clip(tmp_path / "in.mp4", [background(64, 96)] * 40)

    def demux(self, container, streams):
        with reading(self.name):
            for count, packet in enumerate(container.demux(*streams)):
                if count == 20:
                    raise ffmpeg_error(errno.EIO)
                yield packet

    monkeypatch.setattr("swapper.video.io.VideoReader._packets", demux)
    with pytest.raises(InputError, match=r"in\.mp4': it cannot be read \(Input/output error\)"):
        swap(source, tmp_path / "out.mp4")


def test_what_cannot_be_opened_says_why(tmp_path, swap):
    (tmp_path / "in.mp4").write_bytes(b"nonsense " * 50)
    with pytest.raises(UserError, match=r"not a readable video, or it is cut off \(Invalid data found when"):
        swap(tmp_path / "in.mp4", tmp_path / "out.mp4")


def test_pictures_that_cannot_be_decoded_say_why(tmp_path, swap):
    source = write_clip(tmp_path / "in.avi", [background(64, 96)] * 5)
    data = bytearray(source.read_bytes())
    begin = data.find(b"movi")
    for at in range(begin + 4, len(data) - 8):
        if data[at : at + 4] == b"00dc":
            length = int.from_bytes(data[at + 4 : at + 8], "little")
            data[at + 8 : at + 8 + length] = b"\x00\x00\x01\x65" + b"\xff" * (length - 4)
    source.write_bytes(bytes(data))
    with pytest.raises(UserError, match=r"no frame can be decoded \(.+\); the file is damaged or encrypted"):
        swap(source, tmp_path / "out.mp4")
