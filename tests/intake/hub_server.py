"""A hub of models on this machine, which speaks as much of its language as is asked.

It has one repository at one commit, and further ones as they are given.  Large files
are redirected to another host, as hubs do: ``localhost`` beside ``127.0.0.1``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
        commit: That it has.
        claims: Commit that it says it has instead.
        served: Bytes that come instead of those that are listed, by path.
        lengths: That it lists instead of the true ones, by path.
        moved: Where large files are once the listing was answered; empty for here.
        seen: Host, path and token of every request.
        name: Of the repository.
        newest: What it has by now; itself if nothing came since.
        further: Other repositories of the same hub.
        says: Documents that come instead of lists, by the path that is asked for.
        sends: Where whoever asks for a list is sent.
        flood: Whether a list does not end.
    """

    small: dict[str, bytes] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    token: str = ""
    commit: str = COMMIT
    claims: str = ""
    served: dict[str, bytes] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    moved: str = ""
    seen: list[tuple[str, str, str, str]] = field(default_factory=list)
    name: str = "acme/llama"
    newest: Repository | None = None
    further: tuple[Repository, ...] = ()
    says: dict[str, bytes] = field(default_factory=dict)
    sends: str = ""
    flood: bool = False
    port: int = 0

    @property
    def every(self) -> Iterator[Repository]:
        """Each commit of each repository that the hub has."""
        for one in (self, *self.further):
            yield one
            if one.newest is not None:
                yield one.newest

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
            "id": self.name,
            "sha": self.claims or self.commit,
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
            large = {n: data for one in hub.every for n, data in one.large.items()}
            self._send(200, {}, hub.served.get(name, large[name]), body)
        elif hub.token and said != f"Bearer {hub.token}":
            self._send(401, {"X-Error-Code": "RepoNotFound"}, b"", body)
        elif path.startswith("/api/"):
            self._list(path, body)
        else:
            for one in hub.every:
                start = f"/{one.name}/resolve/{one.commit}/"
                if path.startswith(start):
                    self._file(one, path.removeprefix(start), body)
                    return
            self._send(404, {"X-Error-Code": "RevisionNotFound"}, b"", body)

    def _list(self, path: str, body: bool) -> None:
        hub = self.told
        lists = {
            f"/api/models/{one.name}/revision/{one.commit}": one for one in hub.every
        } | {
            f"/api/models/{one.name}": one.newest or one for one in (hub, *hub.further)
        }
        if hub.flood:
            self._flood()
        elif hub.sends:
            self._send(302, {"Location": hub.sends + path}, b"", body)
        elif path in hub.says:
            self._send(200, {}, hub.says[path], body)
        elif path in lists:
            self._send(200, {}, json.dumps(lists[path].listing()).encode(), body)
        else:
            self._send(404, {"X-Error-Code": "RepoNotFound"}, b"", body)

    def _flood(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # whoever asked has enough
            while True:
                self.wfile.write(b" " * (1 << 20))
        self.close_connection = True

    def _file(self, one: Repository, name: str, body: bool) -> None:
        hub, headers = self.told, {"X-Repo-Commit": one.commit}
        if name in one.large:
            pointer = _pointer(one.large[name])
            headers["X-Linked-Etag"] = f'"{pointer["sha256"]}"'
            headers["X-Linked-Size"] = str(one.lengths.get(name, pointer["size"]))
            moved = hub.moved and sum(name in path for _, _, path, _ in hub.seen) > 1
            headers["Location"] = (
                f"{hub.moved if moved else hub.elsewhere}/elsewhere/{name}"
            )
            self._send(302, headers, b"", body)
        elif name in one.small:
            data = hub.served.get(name, one.small[name])
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
