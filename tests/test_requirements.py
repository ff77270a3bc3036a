import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
OPTIONAL = {"gfpgan", "onnxscript"}  # asked for at run time, with a plain answer where they are absent


def imported(paths):
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0]


def test_the_app_imports_only_what_its_requirements_name():
    text = (ROOT / "requirements.txt").read_text().lower().replace("_", "-")
    named = set(re.findall(r"^[a-z0-9-]+", text, re.MULTILINE))
    known = packages_distributions()
    wanted = set(imported([ROOT / "app.py", *(ROOT / "swapper").rglob("*.py")])) - OPTIONAL - {"swapper"}
    missing = {
        name
        for name in wanted - set(sys.stdlib_module_names)
        if not {d.lower().replace("_", "-") for d in known.get(name, [name])} & named
    }
    assert not missing
