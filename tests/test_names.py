"""One word, one thing, and a page that says where each is."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_no_two_classes_share_a_name() -> None:
    places = defaultdict[str, list[str]](list)
    for path in (file for room in ("swapper", "trainers") for file in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(ROOT).as_posix())
    assert len(places) > 300
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_page_on_architecture_names_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for package, all_files in (("swapper", True), ("trainers", False)):
        rooms = [f"{path.parent.name}/" for path in (ROOT / package).glob("*/__init__.py")]
        rooms += [path.name for path in (ROOT / package).glob("*.py") if all_files and not path.name.startswith("__")]
        assert len(rooms) >= 3 and [room for room in rooms if f"`{room}`" not in page] == []
