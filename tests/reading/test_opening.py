"""Files that are damaged, cut off or no pictures end in one sentence."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sample_pictures import encoded, picture

from swapper.images import read_image
from swapper.runtime.limits import Limits
from swapper.types import UserError


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_truncated_files_are_refused(kind: str, share: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    path = tmp_path / "cut.img"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UserError, match=r"cut\.img.*damaged or cut off.*[Dd]ownload it again"):
        read_image(path)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_damaged_files_never_crash(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"]))
    content = bytearray(encoded(Image.fromarray(picture()), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_image(bytes(content), Limits(max_pixels=10_000_000))
    except UserError as error:
        assert re.fullmatch(r"[A-Z][^\n]*: [^\n]+\. [A-Z][^\n]+\.", str(error)), "what is wrong, and what to do"
        return
    assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3 and 0 < found.size <= 30_000_000


def test_things_that_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    os.mkfifo(tmp_path / "pipe.png")
    said = {
        "empty.png": "the file is empty",
        "text.jpg": "not a readable picture. Use one of these formats: PNG, JPEG",
        "phone.heic": "the HEIF file is damaged or cut off",
        "missing.png": "file not found",
        "pipe.png": "not a regular file",
    }
    for name, sentence in said.items():
        with pytest.raises(UserError, match=f"{name}': .*{sentence}"):
            read_image(tmp_path / name)
    with pytest.raises(UserError, match="this is a folder"):
        read_image(tmp_path)
    with pytest.raises(UserError, match=r"cannot be read|file not found"):
        read_image("a\0b.png")
