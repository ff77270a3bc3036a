"""Damaged, crossed and made-up media into the decoders: an answer in words or a picture, nothing else.

``PYTHONPATH=.:tests python -m hostile.fuzzing --cases 100000`` is the long form. Every case has random numbers of its
own, made of the seed and its number, so ``--first N --cases 1`` repeats case N.
"""

import argparse
import io
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from clips import Coding, write_clip
from PIL import Image
from reading.icc import ADOBE, SRGB, SRGB_CURVE, gamma, grey_profile, parametric, rgb_profile
from reading.samples import cicp, encoded, png, tiff

from swapper.errors import UserError
from swapper.images import READABLE, read_image
from swapper.runtime.limits import Limits
from swapper.video.io import VideoReader

LIMITS = Limits(max_pixels=1_000_000, max_upload_bytes=4_000_000)
VIDEO_SHARE = 10  # one case of so many is a video
TOKENS = (b"\0" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"IHDR", b"IDAT", b"moov", b"mdat", b"ftypavif")
TOKENS += (b"#EXTM3U\n", b"file:///etc/passwd\n", b"<svg", b"%!PS", b"RIFF", b"GIF89a", b"II*\0", b"MM\0*", b"8BPS")


@dataclass
class Outcome:
    """What became of many cases."""

    pictures: int = 0
    videos: int = 0
    decoded: int = 0
    refused: int = 0
    longest: float = 0.0  # seconds
    slowest: int = -1  # the case
    failures: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.pictures + self.videos


def fuzz(folder: Path, cases: int, seconds: float, seed: int = 0, first: int = 0) -> Outcome:
    """Try cases until all are done or the time is up."""
    pictures, films = seeds(), clip_seeds(folder)
    everything = [*pictures, *(content for _, content in films)]
    found, begin = Outcome(), time.monotonic()
    for case in range(first, first + cases):
        if time.monotonic() - begin > seconds:
            break
        random = np.random.default_rng((seed, case))
        video = case % VIDEO_SHARE == VIDEO_SHARE - 1
        name, content = films[int(random.integers(len(films)))] if video else ("", b"")
        content = content or pictures[int(random.integers(len(pictures)))]
        data, start = mutated(content, everything, random), time.process_time()
        wrong = _answer(data, folder / f"case{Path(name).suffix}" if video else None, found)
        if wrong:
            found.failures.append(f"case {case}, {name or 'picture'} beginning {data[:16]!r}: {wrong}")
        found.videos, found.pictures = found.videos + video, found.pictures + (not video)
        passed = time.process_time() - start  # of computing: others may use this machine, too
        if passed > found.longest:
            found.longest, found.slowest = passed, case
    return found


def _answer(data: bytes, path: Path | None, found: Outcome) -> str:
    """Decode a case, and count it; returns what is wrong with the answer, empty where nothing is."""
    try:
        if path is not None:
            path.write_bytes(data)
            good = decode_video(path)
        else:
            image = read_image(data, LIMITS)
            if image.dtype != np.uint8 or image.shape[2] != 3 or image.size > 3 * LIMITS.max_pixels:
                return f"an array of shape {image.shape} and type {image.dtype}"
            good = True
        found.decoded += good
    except UserError as error:
        found.refused += 1
        return "" if str(error).count("\n") < 3 and ": " in str(error) else f"said {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def seeds() -> list[bytes]:
    """One small picture in every format and mode that is read."""
    y, x = np.mgrid[:40, :48]
    image = Image.fromarray(np.stack([x * 5, y * 6, x + y], axis=2).astype(np.uint8))
    found = []
    for kind in READABLE:
        for mode in ("RGB", "RGBA", "L", "P"):
            stream = io.BytesIO()
            try:
                image.convert(mode).save(stream, kind)
            except OSError:  # the format does not hold this mode
                continue
            found.append(stream.getvalue())
    return [*found, *encoded_otherwise(np.asarray(image))]


def encoded_otherwise(image: np.ndarray) -> list[bytes]:
    """The same with profiles, as high dynamic range, as floats, and as phones write it."""
    profiles = (rgb_profile(ADOBE, parametric(*SRGB_CURVE)), rgb_profile(SRGB, gamma(1.0)), grey_profile(gamma(1.0)))
    found = [png(encoded(image, 9, transfer), cicp(9, transfer)) for transfer in (16, 18)]
    found += [tiff((image / 255).astype(np.float32), 2), tiff(image.astype(np.uint16) * 200, 9)]
    for profile in profiles:
        for kind, mode in (("PNG", "RGB"), ("PNG", "LA"), ("JPEG", "L"), ("TIFF", "RGB")):
            stream = io.BytesIO()
            Image.fromarray(image).convert(mode).save(stream, kind, icc_profile=profile)
            found.append(stream.getvalue())
    with suppress(ImportError):
        import pillow_heif

        stream = io.BytesIO()
        pillow_heif.from_pillow(Image.fromarray(image)).save(stream)
        found.append(stream.getvalue())
    return found


def clip_seeds(folder: Path) -> list[tuple[str, bytes]]:
    """One short film in every container."""
    frames = [np.full((48, 64, 3), 40 * i, np.uint8) for i in range(4)]
    kinds = {
        "a.mp4": Coding(),
        "a.mkv": Coding(),
        "a.mov": Coding(),
        "a.webm": Coding(codec="libvpx", options=()),
        "a.avi": Coding(codec="mpeg4", options=()),
    }
    return [(name, write_clip(folder / name, frames, coding).read_bytes()) for name, coding in kinds.items()]


def mutated(content: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    """Bytes changed, removed, repeated, put in from a list or from another file, or the file cut off."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 9))):
        at = int(random.integers(0, max(len(data), 1)))
        length = int(random.integers(1, 64))
        match int(random.integers(0, 7)):
            case 0:
                data[at : at + 1] = random.bytes(1)
            case 1:
                data[at : at + length] = random.bytes(length)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * int(random.integers(1, 9))
            case 4:
                token = TOKENS[int(random.integers(len(TOKENS)))]
                data[at : at + len(token)] = token
            case 5:
                other = others[int(random.integers(len(others)))]
                start = int(random.integers(0, len(other)))
                data[at : at + length] = other[start : start + length]
            case _:
                if random.random() < 0.2:
                    del data[at:]
    return bytes(data)


def decode_video(path: Path) -> bool:
    """Whether some frames can be decoded."""
    frames = 0
    for frame in VideoReader(path, LIMITS).frames(0, 1):
        assert frame.image.dtype == np.uint8 and frame.image.ndim == 3
        frames += 1
        if frames == 8:
            break
    return frames > 0


def main() -> int:
    """Fuzz as the arguments say, and print what became of it."""
    parser = argparse.ArgumentParser(description="feed damaged media to the decoders")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(Path(folder), chosen.cases, chosen.seconds, chosen.seed, chosen.first)
    print(
        f"{found.cases} cases ({found.pictures} pictures, {found.videos} videos): {found.decoded} decoded, "
        f"{found.refused} refused in words, {len(found.failures)} answered otherwise; "
        f"longest {found.longest:.2f} s of computing (case {found.slowest})"
    )
    print("\n".join(found.failures), end="\n" if found.failures else "")
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
