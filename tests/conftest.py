"""Fixtures shared by all tests, and the import hook that checks every shape annotation while tests run."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

_HOOK = install_import_hook(["swapper", "trainers"], "shape_checks.checked")

import swapper  # noqa: E402, F401 (turns off what libraries report, before any test imports them)

# Seconds say nothing about our code where other work keeps the cores busy.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session", autouse=True)
def signing_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' own signing certificate and state lie, so that no test touches the user's."""
    folder = tmp_path_factory.mktemp("config") / "signing"
    os.environ["SWAPPER_SIGNING_FOLDER"] = str(folder)
    os.environ["XDG_STATE_HOME"] = str(folder.parent / "state")
    return folder


@pytest.fixture(scope="module", autouse=True)
def priority() -> Iterator[None]:
    """No test leaves a real-time process behind, for which all that follow, and their browsers, would have to wait."""
    yield
    assert sys.platform != "linux" or os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.fixture(scope="session")
def portraits() -> list[Path]:
    """The example portraits; tests that need them are skipped where they are absent."""
    found = sorted((Path(__file__).parents[1] / "examples" / "portraits").glob("*.jpg"))
    if len(found) < 9:
        pytest.skip("examples/portraits holds too few pictures")
    return found


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the research photographs; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SWAPPER_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "geometry-val.npz").is_file():
        pytest.skip("the research photographs are not on this machine (set SWAPPER_DATA)")
    return folder


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Folder with files that other tools failed on; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SWAPPER_CASES", Path(__file__).parents[2] / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip("the shared cases are not on this machine (set SWAPPER_CASES)")
    return folder


@pytest.fixture
def ray_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of Ray on this machine, with two cores, that all commands of a test use."""
    ray = pytest.importorskip("ray", reason="Ray is not installed (swapper[cluster])")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield "local"
    ray.shutdown()
