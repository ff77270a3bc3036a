"""The app as tools for language models."""

import ast
import asyncio
import base64
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image
from served_app import END_TO_END, serve

mcp = pytest.importorskip("mcp", reason="comes with gradio[mcp]")
pytestmark = END_TO_END


async def ask(address: str, photo: Path) -> tuple[dict[str, str], str]:
    from mcp.client.streamable_http import streamablehttp_client

    tools_at = streamablehttp_client(f"{address}gradio_api/mcp/")
    async with tools_at as (read, write, _), mcp.ClientSession(read, write) as session:
        await session.initialize()
        tools = {tool.name: tool.description or "" for tool in (await session.list_tools()).tools}
        picture = "data:image/jpeg;base64," + base64.b64encode(photo.read_bytes()).decode()
        found = await session.call_tool("find_faces", {"target": picture})
        assert not found.isError, found.content
        with photo.open("rb") as file:  # as Gradio's own upload tool does, which hands out the file's address
            sent = httpx.post(f"{address}gradio_api/upload", files={"files": file}).json()[0]
        where = f"{address}gradio_api/file={sent}"
        for source, target in (([picture], where), ([where], picture)):
            swapped = await session.call_tool("swap_image", {"source": source, "target": target, "consent": True})
            assert not swapped.isError, swapped.content
            shown = next(part for part in swapped.content if part.type == "image")
            assert shown.mimeType == "image/png"
            with Image.open(io.BytesIO(base64.b64decode(shown.data))) as result, Image.open(photo) as before:
                assert result.size == before.size
        refused = await session.call_tool("swap_image", {"source": [picture], "target": picture})
        assert refused.isError and "Pass consent=True" in str(refused.content)
        return tools, "".join(getattr(part, "text", "") for part in found.content)


def test_the_endpoints_are_tools(portraits, tmp_path):
    # In a thread of its own, because the browser tests leave a loop running in this one.
    with serve(tmp_path, GRADIO_MCP_SERVER="True") as address, ThreadPoolExecutor(1) as pool:
        tools, answer = pool.submit(asyncio.run, ask(address, portraits[0])).result()
    assert {"find_faces", "swap_image", "interpolate", "compare_methods"} <= set(tools)
    assert tools["swap_image"].startswith("Put the source person's face on")
    found = ast.literal_eval(answer)
    face = found[0] if isinstance(found, list) else found
    assert face["number"] == 0 and face["score"] > 0.5
