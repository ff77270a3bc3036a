"""Damaged, crossed and made-up media into the decoders: an answer in words or a picture, nothing else.

A thousand cases by default; ``SWAPPER_FUZZ_CASES=100000`` is the long form, ``SWAPPER_FUZZ_SECONDS`` ends it earlier.
"""

import io
import os
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from clips import Coding, write_clip
from PIL import Image
from reading.icc import ADOBE, SRGB, SRGB_CURVE, gamma, grey_profile, parametric, rgb_profile
from reading.samples import cicp, encoded, png, tiff

from swapper.images import READABLE, read_image
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.video.io import VideoReader

CASES = int(os.environ.get("SWAPPER_FUZZ_CASES", "1000"))
SECONDS = float(os.environ.get("SWAPPER_FUZZ_SECONDS", "120" if CASES <= 1000 else "1e9"))
LIMITS = Limits(max_pixels=1_000_000, max_upload_bytes=4_000_000)
VIDEO_SHARE = 10  # one case of so many is a video
TOKENS = (b"\0" * 8, b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"IHDR", b"IDAT", b"moov", b"mdat", b"ftypavif")
TOKENS += (b"#EXTM3U\n", b"file:///etc/passwd\n", b"<svg", b"%!PS", b"RIFF", b"GIF89a", b"II*\0", b"MM\0*", b"8BPS")


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


@pytest.mark.slow
def test_decoders_answer_everything_with_a_picture_or_a_sentence(tmp_path, capsys):
    random = np.random.default_rng(int(os.environ.get("SWAPPER_FUZZ_SEED", "0")))
    pictures, films = seeds(), clip_seeds(tmp_path)
    all_seeds = [*pictures, *(content for _, content in films)]
    counts = {"pictures": 0, "videos": 0, "decoded": 0, "refused": 0}
    longest, begin = 0.0, time.monotonic()
    for case in range(CASES):
        if time.monotonic() - begin > SECONDS:
            break
        video = case % VIDEO_SHARE == VIDEO_SHARE - 1
        name, content = films[int(random.integers(len(films)))] if video else ("", b"")
        content = content or pictures[int(random.integers(len(pictures)))]
        data, start = mutated(content, all_seeds, random), time.monotonic()
        try:
            if video:
                path = tmp_path / f"case{Path(name).suffix}"
                path.write_bytes(data)
                good = decode_video(path)
            else:
                found = read_image(data, LIMITS)
                good = found.dtype == np.uint8 and found.shape[2] == 3 and found.size <= 3 * LIMITS.max_pixels
            assert good or video, f"case {case}"
            counts["decoded"] += 1
        except UserError as error:
            assert str(error).count("\n") < 3 and ": " in str(error), f"case {case}: {error}"
            counts["refused"] += 1
        except Exception as error:
            pytest.fail(f"case {case}, {name or 'picture'} beginning {data[:16]!r}: {type(error).__name__}: {error}")
        counts["videos" if video else "pictures"] += 1
        longest = max(longest, time.monotonic() - start)
    with capsys.disabled():
        print(f"\nfuzz: {counts}, longest {longest:.2f} s, {time.monotonic() - begin:.0f} s in all")
    assert counts["decoded"] and counts["refused"]
    assert longest < 20, "a damaged file held the decoder up"
    if CASES <= 1000:
        assert counts["pictures"] + counts["videos"] == CASES
