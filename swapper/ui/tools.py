"""The app as tools for language models (MCP): pictures are handed over as pictures."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gradio_client.utils import is_file_obj_with_meta
from PIL import Image

SIDE = 1568  # px, longer side of a picture that a model is shown; the whole one lies at the address beside it
_SUFFIXES = (".png", ".jpg", ".jpeg")  # of this app's results


def hand_over_pictures() -> None:
    """Make Gradio give models the pictures that a tool answers with.

    Gradio takes all that a queued call answers for one value, whose text it writes: files among it stay addresses.
    It is Gradio's class that changes, for the whole process; nothing is done where there are no tools.
    """
    if find_spec("mcp") is None:
        return
    from gradio.mcp import GradioMCPServer  # not there without the package

    write = GradioMCPServer.postprocess_output_data

    def written(self: GradioMCPServer, data: Any, root_url: str) -> list[Any]:
        return write(self, apart(data), root_url)

    GradioMCPServer.postprocess_output_data = written
    GradioMCPServer.get_image = staticmethod(small_picture)


def apart(data: Any) -> list[Any]:
    """What a call answers, value by value, where a file is among it.

    Args:
        data: values, or a single one that holds all of them.
    """
    found = list(data)
    if len(found) == 1 and isinstance(found[0], list | tuple) and any(map(is_file_obj_with_meta, found[0])):
        return list(found[0])
    return found


def small_picture(file_path: str) -> Image.Image | None:
    """A result as a model is shown it; None for what is no picture.

    Args:
        file_path: of any file.
    """
    if Path(file_path).suffix.lower() not in _SUFFIXES or not Path(file_path).is_file():
        return None
    picture = Image.open(file_path)
    picture.thumbnail((SIDE, SIDE))
    return picture
