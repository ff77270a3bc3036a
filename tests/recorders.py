"""Proxies that write down what is asked of them: an HTTP one that lets nothing through, and a SOCKS one that does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@contextmanager
def recording_proxy() -> Iterator[tuple[str, list[str]]]:
    """An HTTP proxy: its address, and what it was asked so far; it answers everything with an error."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST = do_PUT = do_CONNECT = refuse

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()


def behind(proxy: str, home: Path) -> dict[str, str]:
    """Environment of a process that has this proxy and this home directory."""
    home.mkdir(exist_ok=True)
    rest = {"no_proxy": "", "NO_PROXY": "", "HOME": str(home), "USERPROFILE": str(home), "XDG_CACHE_HOME": ""}
    return {**dict.fromkeys(VARIABLES, proxy), **rest}


def kept_in(home: Path) -> list[str]:
    """Files in a home directory, and the empty folders."""
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


@contextmanager
def socks_proxy(target: tuple[str, int]) -> Iterator[tuple[int, list[str]]]:
    """A SOCKS 5 proxy that leads everything to one address: its port, and the names that it was asked for."""
    asked: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                visitor, _ = server.accept()
                threading.Thread(target=serve, args=(visitor,), daemon=True).start()

    def serve(visitor: socket.socket) -> None:
        with suppress(OSError, IndexError), closing(visitor):
            visitor.recv(2 + visitor.recv(2)[1])
            visitor.sendall(b"\x05\x00")
            _, _, _, kind = visitor.recv(4)
            assert kind == 3, "names are sent as names, so that nobody else is asked where they are"
            name = visitor.recv(visitor.recv(1)[0]).decode()
            asked.append(f"{name}:{int.from_bytes(visitor.recv(2), 'big')}")
            with closing(socket.create_connection(target)) as other:
                visitor.sendall(b"\x05\x00\x00\x01" + bytes(6))
                back = threading.Thread(target=carry, args=(other, visitor), daemon=True)
                back.start()
                carry(visitor, other)
                back.join()

    def carry(here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1], asked
    finally:
        server.close()
