"""A hub on this machine that speaks as Hugging Face's does, and goes wrong as a test wants. No network."""

import _socket
import contextlib
import hashlib
import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import huggingface_hub.constants
import pytest

LARGE = (".safetensors", ".bin")
"""What a repository keeps as large files, with their SHA-256."""


class HubServer:
    """Repositories by name, each a dictionary of file names and contents.

    `status` answers every request for a file so, where it is set; `cut_at` breaks a file off after so many bytes;
    `hold` makes a file stop there and wait; `lies` are files whose contents arrive changed; `asked` are the paths and
    ranges that were asked for.
    """

    def __init__(self):
        self.repositories, self.cards = {}, {}
        self.status, self.cut_at, self.lies, self.asked = 0, 0, set(), []
        self.hold = threading.Event()
        self.hold.set()
        self.is_held = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, name, folder, **card):
        """A repository with the files of `folder`."""
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.repositories[name], self.cards[name] = files, card

    def info(self, name):
        siblings = [_sibling(file, data) for file, data in self.repositories[name].items()]
        return {
            "id": name,
            "sha": hashlib.sha1(name.encode()).hexdigest(),
            "siblings": siblings,
            "cardData": self.cards[name],
            "tags": [],
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubServer

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.hub.asked.append((path, self.headers.get("Range", "")))
        about = re.fullmatch(r"/api/models/([^/]+/[^/]+)(/revision/(.+))?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
        if about and about[1] in self.hub.repositories and about[3] in (None, "main"):
            self._answer(200, json.dumps(self.hub.info(about[1])).encode())
        elif about:
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound" if about[3] else "RepoNotFound"})
        elif self.hub.status:
            self._answer(self.hub.status, b"", {"X-Error-Code": "GatedRepo"} if self.hub.status in (401, 403) else {})
        elif file:
            self._file(self.hub.repositories[file[1]][file[2]], file[2])

    def _file(self, data, name):
        start = int((self.headers.get("Range") or "bytes=0-")[len("bytes=") :].partition("-")[0])
        data = (b"?" + data[1:] if name in self.hub.lies else data)[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            cut = self.hub.cut_at if self.hub.cut_at and len(data) > self.hub.cut_at else len(data)
            self.wfile.write(data[:cut])
            self.wfile.flush()
            if cut < len(data) and not self.hub.hold.is_set():
                self.hub.is_held.set()
                self.hub.hold.wait(60)
            if cut < len(data):
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

    def _answer(self, status, body, headers=None):
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def _sibling(name, data):
    large = name.endswith(LARGE)
    lfs = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 130}
    git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return {"rfilename": name, "size": len(data), "blobId": git, **({"lfs": lfs} if large else {})}


@pytest.fixture
def hub_server(monkeypatch, _no_network):
    """A hub on this machine; nothing else can be reached."""

    def connect(self, address):
        if self.family == socket.AF_INET and address[0] != "127.0.0.1":
            pytest.fail(f"the test reached for the network: {address}")
        return _socket.socket.connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    server = HubServer()
    yield server
    server.close()
    huggingface_hub.close_session()
