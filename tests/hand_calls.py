"""Calls of the running app by hand, past everything that Gradio's own page and client check."""

import json
import uuid
from pathlib import Path
from typing import Any

import httpx


class Caller:
    """Somebody who writes requests.

    Attributes:
        address: of the app, with a slash at its end.
    """

    def __init__(self, address: str):
        self.address = address
        self._api = f"{address}gradio_api/"
        self._client = httpx.Client(timeout=120, trust_env=False, verify=False)

    def upload(self, path: Path) -> dict[str, Any]:
        """Send a file; returns it as calls name it."""
        answer = self.post("upload", files={"files": (path.name, path.read_bytes(), "image/jpeg")})
        return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}

    def post(self, place: str, **request: Any) -> httpx.Response:
        """A POST to a place under ``gradio_api``."""
        return self._client.post(self._api + place, **request)

    def get(self, place: str) -> httpx.Response:
        """A GET of a place of the app."""
        return self._client.get(self.address + place)

    def call(self, name: str, data: list[Any]) -> tuple[bool, Any]:
        """Call an endpoint: whether it answers with a result, and the answer."""
        begun = self.post(f"call/{name}", content=json.dumps({"data": data}), headers=_JSON)
        assert begun.status_code == 200, begun.text
        lines = self.get(f"gradio_api/call/{name}/{begun.json()['event_id']}").text.strip().split("\n")
        return lines[-2] == "event: complete", json.loads(lines[-1].removeprefix("data: "))

    def press(self, fn_index: int, data: list[Any], streams: bool = False) -> tuple[bool, Any]:
        """Do what a button of the page does: whether that ends well, and all that is answered on the way.

        A stream would wait for the next frame; it is closed after the first.
        """
        session = uuid.uuid4().hex
        call = {"data": data, "fn_index": fn_index, "session_hash": session}
        begun = self.post("queue/join", content=json.dumps(call), headers=_JSON)
        assert begun.status_code == 200, begun.text
        found: list[Any] = []
        with self._client.stream("GET", f"{self._api}queue/data?session_hash={session}") as events:
            for line in events.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line else {}
                if "output" in message:
                    found.append(message["output"])
                    if streams:
                        self.post(f"stream/{begun.json()['event_id']}/close")
                        return bool(message["success"]), found
                if message.get("msg") == "process_completed":
                    return bool(message["success"]), found
        raise AssertionError(f"the app said no more after {found}")

    def config(self) -> dict[str, Any]:
        """What the page is made of."""
        return self.get("config").json()


_JSON = {"content-type": "application/json"}
