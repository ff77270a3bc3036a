"""The jobs that a folder or a table asks for."""

import json
from pathlib import Path

import pytest
from PIL import Image

from swapper.batch.job import JobSettings
from swapper.batch.manifest import Defaults, read_jobs
from swapper.cli.batch import job_settings
from swapper.cli.main import parser
from swapper.errors import UserError
from swapper.video.job import VideoSettings

SOURCE = Path("/photos/source.jpg")
USUAL = Defaults((SOURCE,), settings=JobSettings(method="warp", likeness=0.5))


def read(jobs: Path, output: str = "out", defaults: Defaults = USUAL):
    return read_jobs(jobs, jobs.parent / output, defaults)


def table(folder: Path, text: str, name: str = "jobs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_of_photos_gifs_and_videos(tmp_path):
    folder = tmp_path / "in"
    for name in ("a.jpg", "a.heic", "b.mov", "c.avi", "c.mp4", "d/a.png", ".hidden/e.jpg", ".f.jpg", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(folder / "still.gif")
    frames[0].save(folder / "moves.gif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "still.webp")
    frames[0].save(folder / "moves.webp", save_all=True, append_images=frames[1:])
    jobs = read_jobs(folder, folder / "out", USUAL)
    assert {job.name: (job.target.relative_to(folder).as_posix(), job.moving) for job in jobs} == {
        "a.jpg": ("a.jpg", False),
        "a.png": ("a.heic", False),
        "b.mov": ("b.mov", True),
        "c-avi.mp4": ("c.avi", True),
        "c.mp4": ("c.mp4", True),
        "d/a.png": ("d/a.png", False),
        "still.png": ("still.gif", False),
        "moves.gif": ("moves.gif", True),
        "still.webp": ("still.webp", False),
        "moves.webp": ("moves.webp", True),
    }
    assert all(job.output == folder / "out" / job.name and job.sources == (SOURCE,) for job in jobs)
    assert all(job.settings.method == "warp" for job in jobs)
    (folder / "out").mkdir()
    (folder / "out" / "a.jpg").touch()
    assert len(read_jobs(folder, folder / "out", USUAL)) == len(jobs), "results are no targets"


def test_a_table_of_jobs_as_csv(tmp_path):
    path = table(
        tmp_path,
        "id,source,target,likeness,occluders,end,output,quality\n"
        "one,a.jpg;b.jpg,x/t.jpg,1,false,,,\n"
        ',,t.avi,,,2.5,"deep/er, clip.mkv",20\n'
        ",,t.jpg,,,,,\n",
    )
    first, second, third = read(path)
    assert first.name == "one" and first.sources == (tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert first.settings == JobSettings(method="warp", likeness=1, occluders=False)
    assert first.target == tmp_path / "x" / "t.jpg" and first.output == tmp_path / "out" / "t.jpg"
    assert second.sources == (SOURCE,) and second.settings.end == 2.5 and second.settings.quality == 20
    assert second.output == tmp_path / "out" / "deep" / "er, clip.mkv" and second.name == "deep/er, clip.mkv"
    assert third.output == tmp_path / "out" / "t-2.jpg", "no result has the name of another"


def test_how_videos_are_written_and_what_is_kept_of_faces(tmp_path):
    path = table(tmp_path, "target,fps,encoder,keep,output\nt.mp4,12.5,h265,nose;eyes,\nt.mp4,,vp9,,t.webm\n")
    first, second = (job.settings for job in read(path))
    assert first.video == VideoSettings(rate=12.5, encoder="h265") and first.blend.keep == ("eyes", "nose")
    assert second.video == VideoSettings(encoder="vp9") and second.blend.keep == () and not second.keep
    given = ["batch", "in", "-o", "out", "--fps", "15", "--encoder", "av1", "--keep", "mouth"]
    said = job_settings(parser().parse_args(given))
    assert said.video == VideoSettings(rate=15, encoder="av1") and said.blend.keep == ("mouth",)
    for text, expected in (
        ("target,fps\nt.mp4,0.5\n", "line 2: Frame rate: 0.5 is out of range"),
        ("target,encoder\nt.mp4,x264\n", "line 2: Unknown encoder 'x264'"),
        ("target,keep\nt.mp4,ears\n", "line 2: Blend setting keep"),
        ("target,encoder\nt.mp4,vp9\n", r"line 2: Encoder 'vp9': a \.mp4 file does not hold its pictures\. Choose"),
    ):
        with pytest.raises(UserError, match=expected):
            read(table(tmp_path, text))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.mov").touch()
    with pytest.raises(UserError, match=r"b\.mov: Encoder 'av1': a \.mov file does not hold"):
        read(tmp_path / "in", defaults=Defaults((SOURCE,), settings=JobSettings(encoder="av1")))


def test_a_table_of_jobs_as_json_lines(tmp_path):
    rows = [
        {"target": "t.jpg", "source": "a.jpg", "id": 7},
        {"target": "t.jpg", "map": ["a.jpg=r.jpg", "b.jpg=s.jpg"], "select": "largest", "restore": "none"},
    ]
    path = table(tmp_path, "\n".join(map(json.dumps, rows)) + "\n\n", "jobs.jsonl")
    first, second = read(path)
    assert first.name == "7" and first.sources == (tmp_path / "a.jpg",) and not first.people
    assert second.people == ((tmp_path / "a.jpg", tmp_path / "r.jpg"), (tmp_path / "b.jpg", tmp_path / "s.jpg"))
    assert second.sources == () and second.settings.select == "largest"
    assert first.output.name == "t.jpg" and second.output.name == "t-2.jpg"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("jobs.csv", "target,colour\na.jpg,red\n", "line 2: 'colour' is no column. Use some of these: id, source"),
        ("jobs.csv", "id,target\none,\n", "line 2: It has no target"),
        ("jobs.csv", "target\na.jpg,b.jpg\n", "line 2: it has more cells than the first line"),
        ("jobs.csv", "target,likeness\na.jpg,7\n", "line 2: Blend setting likeness: 7 is out of range"),
        ("jobs.csv", "target,likeness\na.jpg,much\n", "line 2: Blend setting likeness: 'much' is not a number"),
        ("jobs.csv", "target,quality\na.mp4,18.5\n", "line 2: Quality: 18.5 is not a whole number"),
        ("jobs.csv", "target,occluders\na.jpg,maybe\n", "line 2: Blend setting occluders: 'maybe' is neither"),
        ("jobs.csv", "target,method\na.jpg,magic\n", "line 2: Unknown method 'magic'"),
        ("jobs.csv", "target,restore\na.jpg,magic\n", "line 2: Restore: 'magic' is not available"),
        ("jobs.csv", "target,select\na.jpg,some\n", "line 2: Invalid face selection 'some'"),
        ("jobs.csv", "target,map\na.jpg,b.jpg\n", "line 2: map 'b.jpg' is not a pair of photos"),
        ("jobs.csv", "target,output\na.jpg,../b.jpg\n", "line 2: Output '../b.jpg': it must be a name in the folder"),
        ("jobs.csv", "target,output\na.jpg,/b.jpg\n", "line 2: Output '/b.jpg': it must be a name in the folder"),
        ("jobs.csv", "target,output\na.jpg,b.txt\n", "line 2: Output 'b.txt': its suffix names no supported format"),
        ("jobs.csv", "target,output\na.jpg,c.png\nb.jpg,c.png\n", "two jobs write 'c.png'"),
        ("jobs.csv", "id,target\n1,a.jpg\n1,b.jpg\n", "line 3: the id '1' is that of line 2 too"),
        ("jobs.csv", "target\n", "it has no line with a job"),
        ("jobs.jsonl", '{"target": "a.jpg"}\n{"target"\n', "line 2: this is not JSON"),
        ("jobs.jsonl", "[1]\n", "line 1: this is not an object"),
        ("jobs.jsonl", '{"target": 3}\n', "line 1: target: 3 is not text"),
        ("jobs.jsonl", '{"target": "a.jpg", "end": "2"}\n', "line 1: End: '2' is not a number"),
        ("jobs.txt", "a.jpg\n", "this is no table of jobs"),
        ("jobs.csv", None, "there is no such file or folder"),
    ],
)
def test_a_table_that_makes_no_sense_names_the_line(tmp_path, name, text, said):
    path = tmp_path / name if text is None else table(tmp_path, text, name)
    with pytest.raises(UserError) as raised:
        read(path)
    assert said in str(raised.value) and str(path) in str(raised.value)


def test_without_a_source_there_is_no_job(tmp_path):
    path = table(tmp_path, "target\na.jpg\n")
    with pytest.raises(UserError, match=r"line 2: No source photo was given"):
        read(path, defaults=Defaults())
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="contains no photo and no video"):
        read(tmp_path / "empty")


def test_many_targets_of_one_name(tmp_path):
    path = table(tmp_path, "target\n" + "".join(f"{i}/a.jpg\n" for i in range(200)))
    jobs = read(path)
    assert len({job.output.name for job in jobs}) == 200 and jobs[199].output.name == "a-200.jpg"
