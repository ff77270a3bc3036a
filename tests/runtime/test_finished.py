"""What a command has finished before is known again, and nothing else is."""

from pathlib import Path

import pytest

from swapper.runtime.finished import Finished


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files that exist."""
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(name.encode())
    return [tmp_path / name for name in ("a.png", "b.png")]


def test_a_command_knows_what_it_has_finished_and_nothing_else(files, tmp_path):
    target, output = files
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    command = {"source": [target], "quality": 18}
    assert not Finished(command, environ).knows(output, target)
    Finished(command, environ).add(output, target)
    assert Finished(dict(reversed(command.items())), environ).knows(output, target)
    assert not Finished({**command, "quality": 19}, environ).knows(output, target)
    assert not Finished({**command, "source": [output]}, environ).knows(output, target)
    assert not Finished(command, environ).knows(target, output)
    assert not Finished(command, {"XDG_STATE_HOME": str(tmp_path / "elsewhere")}).knows(output, target)
    output.write_bytes(b"somebody else's now")
    assert not Finished(command, environ).knows(output, target)
    Finished(command, environ).add(output, target)
    target.write_bytes(b"another film")
    assert not Finished(command, environ).knows(output, target)


def test_the_record_holds_no_names_stays_small_and_may_be_lost(files, tmp_path):
    target, output = files
    environ, record = {"XDG_STATE_HOME": str(tmp_path / "state")}, tmp_path / "state" / "swapper" / "finished.json"
    for number in range(520):
        path = tmp_path / "results" / f"{number}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        Finished({"source": target}, environ).add(path, target)
    said = record.read_text()
    assert "png" not in said and str(tmp_path) not in said and len(said) < 80_000
    assert Finished({"source": target}, environ).knows(tmp_path / "results" / "519.mp4", target)
    assert not Finished({"source": target}, environ).knows(tmp_path / "results" / "0.mp4", target)
    for damage in ("[]", "{", "\xff"):
        record.write_text(damage, encoding="latin-1")
        assert not Finished({}, environ).knows(output, target)
        Finished({}, environ).add(output, target)
        assert Finished({}, environ).knows(output, target)
    nowhere = {"XDG_STATE_HOME": str(output)}
    Finished({}, nowhere).add(output, target)
    assert not Finished({}, nowhere).knows(output, target)
