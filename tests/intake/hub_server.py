"""A hub of models on this machine, which speaks as much of its language as is asked.

It has one repository at one commit.  Large files are redirected to another host, as
hubs do: ``localhost`` beside ``127.0.0.1``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

from strongroom.intake.hub import Hub
from strongroom.intake.origins import Origin
from strongroom.types import Secret

COMMIT = "a1" * 20
ORIGIN = Origin(publisher="acme", repository="llama", commit=COMMIT)


@dataclass(slots=True, kw_only=True)
class Repository:
    """What the hub has, and how it misbehaves.

    Attributes:
        small: Files that git has, by path.
        large: Files that lie elsewhere, by path.
        token: Without it there is nothing here; empty for everybody.
        commit: That it says it has.
        served: Bytes that come instead of those that are listed, by path.
        lengths: That it lists instead of the true ones, by path.
        moved: Where large files are once the listing was answered; empty for here.
        seen: Host, path and token of every request.
    """

    small: dict[str, bytes] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    token: str = ""
    commit: str = COMMIT
    served: dict[str, bytes] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    moved: str = ""
    seen: list[tuple[str, str, str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        """Address of the hub."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def elsewhere(self) -> str:
        """Address of the host that has the large files."""
        return f"http://localhost:{self.port}"

    def hub(self, *, token: str = "", most_bytes: int = 1 << 30) -> Hub:
        """Return the hub, as somebody with this token sees it."""
        return Hub(
            endpoint=self.endpoint,
            token=Secret(token.encode()) if token else None,
            environment={},
            most_bytes=most_bytes,
        )

    def listing(self) -> Mapping[str, object]:
        """Return what the hub says of the commit."""
        siblings = [
            {
                "rfilename": path,
                "size": self.lengths.get(path, len(data)),
                "blobId": _sha1(b"blob %d\0%b" % (len(data), data)),
                **({"lfs": _pointer(data)} if path in self.large else {}),
            }
            for path, data in {**self.small, **self.large}.items()
        ]
        return {
            "id": "acme/llama",
            "sha": self.commit,
            "siblings": siblings,
            "private": bool(self.token),
            "downloads": 0,
            "likes": 0,
            "tags": [],
        }


def holding(folder: Path) -> Repository:
    """Return a repository with the files of a folder; weights are large ones."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    large = {path: data for path, data in found.items() if path.endswith("tensors")}
    return Repository(
        small={path: data for path, data in found.items() if path not in large},
        large=large,
    )


@contextmanager
def serving(repository: Repository) -> Iterator[Repository]:
    """Answer for a repository on loopback until the block ends."""

    class Handler(_Handler):
        told = repository

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    repository.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield repository
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; keeps no log."""

    told: Repository
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        """Answer without the bytes."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """Answer."""
        self._answer(body=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (theirs)
        """Say nothing."""

    def _answer(self, *, body: bool) -> None:
        hub, path = self.told, unquote(urlsplit(self.path).path)
        said = self.headers.get("Authorization", "")
        hub.seen.append((self.command, self.headers["Host"], path, said))
        if path.startswith("/elsewhere/"):
            name = path.removeprefix("/elsewhere/")
            self._send(200, {}, hub.served.get(name, hub.large[name]), body)
        elif hub.token and said != f"Bearer {hub.token}":
            self._send(401, {"X-Error-Code": "RepoNotFound"}, b"", body)
        elif path == f"/api/models/acme/llama/revision/{COMMIT}":
            self._send(200, {}, json.dumps(hub.listing()).encode(), body)
        elif path.startswith(start := f"/acme/llama/resolve/{COMMIT}/"):
            self._file(path.removeprefix(start), body)
        else:
            self._send(404, {"X-Error-Code": "RevisionNotFound"}, b"", body)

    def _file(self, name: str, body: bool) -> None:
        hub, headers = self.told, {"X-Repo-Commit": COMMIT}
        if name in hub.large:
            pointer = _pointer(hub.large[name])
            headers["X-Linked-Etag"] = f'"{pointer["sha256"]}"'
            headers["X-Linked-Size"] = str(hub.lengths.get(name, pointer["size"]))
            moved = hub.moved and sum(name in path for _, _, path, _ in hub.seen) > 1
            headers["Location"] = (
                f"{hub.moved if moved else hub.elsewhere}/elsewhere/{name}"
            )
            self._send(302, headers, b"", body)
        elif name in hub.small:
            data = hub.served.get(name, hub.small[name])
            headers["ETag"] = f'"{_sha1(data)}"'
            self._send(200, headers, data, body)
        else:
            self._send(404, {"X-Error-Code": "EntryNotFound"}, b"", body)

    def _send(
        self, status: int, headers: Mapping[str, str], data: bytes, body: bool
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _pointer(data: bytes) -> dict[str, object]:
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "pointerSize": 134,
    }
