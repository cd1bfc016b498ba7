"""What talks to a hub, in a process of its own: lists one commit, or fetches it.

The library that speaks the hub's language keeps what it does in module state and in
variables of the environment; here both end with the process, and it cannot take more
memory or write a longer file than it was told.  Only this file knows the library, and
nothing imports this file: ``hub`` has it run.

It reads one JSON object and writes one per line.  Messages of the library have
addresses in them, and addresses may have signatures: it says one word instead.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import huggingface_hub as hub
from huggingface_hub import errors as theirs

from strongroom.intake.hub_hosts import may_send

_MEMORY_BYTES: Final = 4 << 30
_LISTING_MEMORY_BYTES: Final = 1 << 30
_MOST_ANSWER_BYTES: Final = 64 << 20
"""Of a list of files, as ``jobs.MOST_BYTES``; 10,000 with their digests have 3 MB."""
_SECONDS: Final = 60


class ElsewhereError(Exception):
    """The hub sends to a host that it did not name when it listed the files."""


class AwayError(Exception):
    """The hub sends to another host although only it was to be asked."""


class MuchError(Exception):
    """The hub answers with more than is read."""


class InsideError(Exception):
    """The hub sends to this machine, or to the network around it."""


_OTHER_SHAPE: Final = (AttributeError, LookupError, RecursionError, TypeError)
"""What the library raises over documents of another shape than the hub's."""

_WORDS: Final[Sequence[tuple[type[Exception], str]]] = (
    (ElsewhereError, "elsewhere"),
    (AwayError, "away"),
    (MuchError, "much"),
    (InsideError, "inside"),
    (theirs.GatedRepoError, "gated"),
    (theirs.DisabledRepoError, "gated"),
    (theirs.RepositoryNotFoundError, "missing"),
    (theirs.RevisionNotFoundError, "missing"),
    (theirs.RemoteEntryNotFoundError, "missing"),
    (theirs.LocalEntryNotFoundError, "unreachable"),  # what it makes of the next two
    (httpx2.ConnectError, "unreachable"),
    (httpx2.TimeoutException, "unreachable"),
    (theirs.HfHubHTTPError, "answer"),
    (theirs.FileMetadataError, "answer"),
    (httpx2.HTTPError, "answer"),
    (OSError, "disk"),
    (ValueError, "answer"),
    (httpx2.InvalidURL, "answer"),
    *((kind, "answer") for kind in _OTHER_SHAPE),
)
"""The first that fits; whatever else is raised ends the program without a word."""

_KNOWN: Final = tuple(kind for kind, _ in _WORDS)


def main() -> None:
    """Do what standard input asks for."""
    order: dict[str, Any] = json.load(sys.stdin)
    memory = _MEMORY_BYTES if order["do"] == "fetch" else _LISTING_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    longest = int(order["longest"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, longest))
    os.umask(0o077)
    answers = {"list": _listing, "fetch": _fetching, "newest": _newest}[order["do"]]
    try:
        for answer in answers(order):
            _say(answer)
    except _KNOWN as error:
        _say({"failed": _word(error), "status": _status(error)})


def _listing(order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield how many files a commit has, each of them, and who answers for it."""
    hosts: set[str] = set()

    def note(url: str) -> None:
        if not may_send(order["endpoint"], url):
            raise InsideError
        hosts.add(_host(url))

    _tell(note, most=_MOST_ANSWER_BYTES)
    api = hub.HfApi(endpoint=order["endpoint"], token=order["token"])
    info = api.model_info(
        order["repository"], revision=order["commit"], files_metadata=True
    )
    if info.sha != order["commit"]:
        yield {"failed": "commit"}
        return
    files = info.siblings or ()
    yield {"files": len(files)}
    for file in files:
        url = hub.hf_hub_url(
            order["repository"],
            file.rfilename,
            revision=order["commit"],
            endpoint=order["endpoint"],
        )
        where = hub.get_hf_file_metadata(
            url, token=order["token"], endpoint=order["endpoint"]
        )
        note(where.location)
        yield _about(file)
    yield {"hosts": sorted(hosts)}


def _newest(order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what repositories have now, and had at commits; only the hub is asked.

    Of each its newest commit, then those that are named, as long as there are any: its
    name and commit, how many files, and each of them; or a word why not.
    """
    home = _host(order["endpoint"])

    def check(url: str) -> None:
        if _host(url) != home:
            raise AwayError

    _tell(check, most=_MOST_ANSWER_BYTES)
    api = hub.HfApi(endpoint=order["endpoint"], token=order["token"])
    for repository, commits in order["asked"]:
        for commit in (None, *commits):
            try:
                info = api.model_info(repository, revision=commit, files_metadata=True)
                files = [_about(file) for file in info.siblings or ()]
                if len(files) > order["most_files"]:
                    raise MuchError
            except _KNOWN as error:
                if (word := _word(error)) == "unreachable":
                    raise  # the next would wait as long
                yield {"lacks": word, "status": _status(error)}
                if commit is None:
                    break
            else:
                yield {"name": info.id, "commit": info.sha, "files": len(files)}
                yield from files


def _about(file: Any) -> dict[str, Any]:  # noqa: ANN401  (the library's)
    """Return what the hub says of a file."""
    return {
        "path": file.rfilename,
        "bytes": file.size,
        "sha256": file.lfs.sha256 if file.lfs else "",
        "blob": file.blob_id,
    }


def _fetching(order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the length of each file once it lies in the folder."""
    allowed = set(order["hosts"])

    def check(url: str) -> None:
        if _host(url) not in allowed:
            raise ElsewhereError

    _tell(check)
    for path in order["paths"]:
        fetched = hub.hf_hub_download(
            order["repository"],
            path,
            revision=order["commit"],
            endpoint=order["endpoint"],
            token=order["token"],
            local_dir=order["folder"],
        )
        yield {"fetched": os.path.getsize(fetched)}


def _tell(told: Callable[[str], object], *, most: int | None = None) -> None:
    """Have every request made by a client that tells of each address first.

    Args:
        told: Is given the address.
        most: Bytes of one answer; of those that go to files, the files' bound counts.
    """

    def tell(request: httpx2.Request) -> None:
        told(str(request.url))

    def bound(response: httpx2.Response) -> None:
        if most is not None and isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Bounded(response.stream, most)

    hub.set_client_factory(
        lambda: httpx2.Client(
            event_hooks={"request": [tell], "response": [bound]},
            follow_redirects=True,
            timeout=_SECONDS,
        )
    )


class _Bounded(httpx2.SyncByteStream):
    """An answer of which no more than some bytes are read."""

    def __init__(self, stream: httpx2.SyncByteStream, most: int) -> None:
        self._stream = stream
        self._left = most

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                raise MuchError
            yield piece

    def close(self) -> None:
        self._stream.close()


def _host(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _word(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return "longer"
    return next(word for kind, word in _WORDS if isinstance(error, kind))


def _status(error: Exception) -> int | None:
    """Return the status of the answer that an error is about, if it is about one."""
    response = getattr(error, "response", None)
    return response.status_code if isinstance(response, httpx2.Response) else None


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
