"""Content credentials: signing, reading back, noticing changes, and what happens where they cannot be had."""

import datetime
import sys
from dataclasses import replace
from pathlib import Path

import c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image
from textures import texture

from swapper.provenance import MarkSettings, Origin, sign_file, write_marked_image
from swapper.provenance.certificate import signing_credential
from swapper.provenance.credentials import read_credentials

SUFFIXES = [".png", ".jpg", ".webp"]


@pytest.fixture
def settings(tmp_path: Path) -> MarkSettings:
    """A fresh installation."""
    return MarkSettings(folder=tmp_path / "config" / "signing")


def plain(path: Path) -> Path:
    Image.fromarray(texture(7, 96)).save(path)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip(tmp_path, settings, suffix):
    path = plain(tmp_path / f"a{suffix}")
    before = np.array(Image.open(path))
    assert sign_file(path, Origin("ghost", "gfpgan"), settings) is None
    found = read_credentials(path, settings)
    assert found is not None
    assert found.valid and found.ours and found.problems == []
    assert found.software.startswith("Swapper ")
    assert found.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert (found.swap["method"], found.swap["restoration"]) == ("ghost", "gfpgan")
    assert {"ghost-lite", "arcface-mobile"} <= {row["name"] for row in found.swap["weights"]}
    assert any(len(row.get("sha256", "")) == 64 for row in found.swap["weights"])
    assert np.array_equal(before, np.array(Image.open(path))), "signing changes no pixel"
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / "config"]


def test_animations_can_be_signed(tmp_path, settings):
    path = plain(tmp_path / "a.gif")
    assert sign_file(path, Origin("smoothswap", sources=2), settings, watermarked=False) is None
    found = read_credentials(path, settings)
    assert found is not None and found.valid


def test_the_warp_baseline_claims_no_trained_networks(tmp_path, settings):
    path = plain(tmp_path / "a.png")
    assert sign_file(path, Origin("warp"), settings) is None
    found = read_credentials(path, settings)
    assert found is not None and found.source_type == "composite"
    assert Origin("warp", "gfpgan").learned


def test_actions_and_ingredients_say_what_happened_and_nothing_about_people(tmp_path, settings):
    path = plain(tmp_path / "Jane Doe on holiday.jpg")
    assert sign_file(path, Origin("ghost", sources=2), settings) is None
    with c2pa.Reader(str(path)) as reader:
        text, manifest = reader.json(), reader.get_active_manifest()
    assert manifest is not None
    assert [item["relationship"] for item in manifest["ingredients"]] == ["parentOf", "componentOf", "componentOf"]
    assert "thumbnail" not in text
    assert b"Jane" not in path.read_bytes() and "hash" not in manifest["ingredients"][0]
    actions = next(item for item in manifest["assertions"] if item["label"].startswith("c2pa.actions"))["data"][
        "actions"
    ]
    assert [action["action"].removeprefix("c2pa.") for action in actions] == [
        "opened",
        "placed",
        "placed",
        "edited",
        "watermarked.unbound",
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_changed_files_are_noticed(tmp_path, settings, suffix):
    path = plain(tmp_path / f"a{suffix}")
    sign_file(path, Origin("ghost"), settings)
    data = bytearray(path.read_bytes())
    pixels = {".png": data.rfind(b"IDAT") + 200, ".jpg": len(data) - 300, ".webp": data.find(b"VP8 ") + 300}[suffix]
    data[pixels] ^= 1
    path.write_bytes(data)
    found = read_credentials(path, settings)
    assert found is not None and not found.valid
    assert found.problems


def test_a_changed_claim_is_noticed(tmp_path, settings):
    path = plain(tmp_path / "a.png")
    sign_file(path, Origin("ghost"), settings)
    assert b"ghost-lite" in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"ghost-lite", b"honest-one"))
    found = read_credentials(path, settings)
    assert found is not None and not found.valid


def test_files_of_other_installations_are_valid_but_not_ours(tmp_path, settings):
    path = plain(tmp_path / "a.png")
    sign_file(path, Origin("ghost"), settings)
    found = read_credentials(path, replace(settings, folder=tmp_path / "another"))
    assert found is not None and found.valid and not found.ours
    assert not (tmp_path / "another").exists(), "reading makes no certificate"


@pytest.mark.parametrize("suffix", [".png", ".txt", ".onnx"])
def test_files_without_credentials(tmp_path, settings, suffix):
    path = tmp_path / f"a{suffix}"
    plain(path) if suffix == ".png" else path.write_text("nothing of the kind")
    assert read_credentials(path, settings) is None


def test_formats_that_cannot_hold_them(tmp_path, settings):
    path = plain(tmp_path / "a.bmp")
    before = path.read_bytes()
    said = sign_file(path, Origin("ghost"), settings)
    assert said == "a.bmp: it carries no content credentials, because files with the suffix '.bmp' cannot hold them."
    assert path.read_bytes() == before


def test_the_key_is_made_once_and_is_nobody_elses(settings):
    first = signing_credential(settings)
    assert signing_credential(settings) == first
    assert (settings.folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert settings.folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in settings.folder.iterdir()) == ["certificate.pem", "key.pem"]
    own, root = x509.load_pem_x509_certificates(first.chain.encode())
    own.verify_directly_issued_by(root)
    assert own.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=3600)


def test_damaged_or_unknown_keys_are_a_warning_and_the_picture_is_kept(tmp_path, settings):
    signing_credential(settings)
    (settings.folder / "key.pem").write_text("no key")
    written = write_marked_image(texture(1, 96), tmp_path / "a.png", Origin("warp"), settings=settings)
    assert len(written.warnings) == 1 and "a.png: it carries no content credentials" in written.warnings[0]
    assert Image.open(written.path).size == (96, 96)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "config"]


def test_a_users_own_certificate(tmp_path, settings):
    chain = signing_credential(settings)
    certificate, key = tmp_path / "mine.pem", tmp_path / "mine.key"
    certificate.write_text(chain.chain)
    key.write_text(chain.key)
    own = MarkSettings(certificate=certificate, key=key, folder=tmp_path / "unused")
    path = plain(tmp_path / "a.png")
    assert sign_file(path, Origin("ghost"), own) is None
    found = read_credentials(path, own)
    assert found is not None and found.ours
    assert not (tmp_path / "unused").exists()


def test_a_key_with_a_password_is_refused_in_plain_words(tmp_path, settings):
    chain = signing_credential(settings)
    secret = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"hush"),
    )
    (tmp_path / "c.pem").write_text(chain.chain)
    (tmp_path / "k.pem").write_bytes(secret)
    own = MarkSettings(certificate=tmp_path / "c.pem", key=tmp_path / "k.pem")
    said = sign_file(plain(tmp_path / "a.png"), Origin("ghost"), own)
    assert said is not None and "protected by a password" in said


def test_a_key_that_does_not_fit_the_certificate(tmp_path, settings):
    chain = signing_credential(settings)
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "c.pem").write_text(chain.chain)
    (tmp_path / "k.pem").write_bytes(other)
    path = plain(tmp_path / "a.png")
    before = path.read_bytes()
    said = sign_file(path, Origin("ghost"), MarkSettings(certificate=tmp_path / "c.pem", key=tmp_path / "k.pem"))
    assert said is not None and "signing failed" in said
    assert path.read_bytes() == before


def test_without_the_package_pictures_are_written_with_a_warning(tmp_path, settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    written = write_marked_image(texture(1, 200), tmp_path / "a.jpg", Origin("warp"), settings=settings)
    assert len(written.warnings) == 1 and "c2pa-python cannot be used" in written.warnings[0]
    assert Image.open(written.path).size == (200, 200)
