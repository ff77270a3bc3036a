"""A random student and the evaluators, shared by the tests of the studies."""

from pathlib import Path

import pytest
from random_student import offer_student, write_student

from swapper.pipeline import FaceSwapper
from swapper.studies.evaluators import Evaluators, load_evaluators


@pytest.fixture(scope="session")
def student_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_student(tmp_path_factory.mktemp("weights")).parent


@pytest.fixture
def student(student_folder: Path, monkeypatch: pytest.MonkeyPatch) -> FaceSwapper:
    offer_student(student_folder, monkeypatch)
    return FaceSwapper("mobilefaceswap", "cpu", restore="none", threads=1)


@pytest.fixture(scope="session")
def evaluators() -> Evaluators:
    return load_evaluators()
