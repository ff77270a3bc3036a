"""What the Check a file tab says, from real files."""

import numpy as np
import pytest
from PIL import Image
from textures import texture
from untranslated import untranslated

from swapper.provenance import Origin, write_marked_image
from swapper.provenance.credentials import Credentials
from swapper.ui.check import words
from swapper.ui.check.words import finding, rows, verdict
from swapper.video.file_check import FileCheck, check_file

OTHER = Credentials(True, False, [], "Some <camera>", "Camera 1.0", "digitalCapture", {})


def test_a_signed_swap_is_told_with_method_and_signer(tmp_path):
    found = check_file(write_marked_image(texture(3, 256), tmp_path / "a.png", Origin("ghost", "renovation")).path)
    said = dict(rows(found))
    assert verdict(found) == words.SWAPPED
    assert said["Content credentials"].startswith("Valid") and said["Signed by"] == "This app"
    assert said["Method"].startswith("GHOST") and said["Restoration"] == "Face renovation"
    assert "trained network" in said["How it was made"] and "GHOST" in said["Watermark"]
    assert untranslated(finding(found, "사진.png")) <= {"GHOST"} | {
        text for text in untranslated(finding(found, "사진.png")) if text.startswith("Swapper ")
    }


def test_the_watermark_alone_is_enough(tmp_path):
    path = write_marked_image(texture(3, 256), tmp_path / "a.png", Origin("ghost")).path
    Image.open(path).convert("RGB").save(tmp_path / "b.jpg", quality=85)
    found = check_file(tmp_path / "b.jpg")
    assert found.credentials is None and verdict(found) == words.SWAPPED


def test_a_changed_file_is_not_believed(tmp_path):
    path = write_marked_image(texture(3, 256), tmp_path / "a.jpg", Origin("ghost")).path
    data = bytearray(path.read_bytes())
    data[-500] ^= 1
    path.write_bytes(data)
    credentials = check_file(path).credentials
    alone = FileCheck(credentials, None)
    assert verdict(alone) == words.CHANGED and "Signed by" not in dict(rows(alone))


def test_nothing_found_is_no_proof(tmp_path):
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(tmp_path / "plain.png")
    found = check_file(tmp_path / "plain.png")
    assert verdict(found) == words.NOTHING and dict(rows(found)) == {"Content credentials": "None", "Watermark": "None"}
    assert "does not prove" in finding(found, "plain.png")


@pytest.mark.parametrize("name", ["<b>x.png", "a&b.png"])
def test_what_a_file_says_is_safe_on_the_page(name: str):
    text = finding(FileCheck(OTHER, None), name)
    assert "<b>" not in text and "<camera>" not in text and "Some &lt;camera&gt;" in text
    assert words.OTHERS in text and "Taken with a camera." in text
