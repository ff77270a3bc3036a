"""The README's Python examples, run as they are printed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\nIt prints `(.*?)`", README, re.DOTALL)


def test_every_example_says_what_it_prints() -> None:
    assert len(EXAMPLES) == README.count("```python\n") == 2


@pytest.mark.parametrize(
    ("code", "printed"),
    [pytest.param(*EXAMPLES[0], id="swap", marks=pytest.mark.slow), pytest.param(*EXAMPLES[1], id="pretrained")],
)
def test_an_example_prints_what_the_page_says(
    code: str, printed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == f"{printed}\n"
