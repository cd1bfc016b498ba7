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
_SECONDS: Final = 60


class ElsewhereError(Exception):
    """The hub sends to a host that it did not name when it listed the files."""


class InsideError(Exception):
    """The hub sends to this machine, or to the network around it."""


_WORDS: Final[Sequence[tuple[type[Exception], str]]] = (
    (ElsewhereError, "elsewhere"),
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
)
"""The first that fits; whatever else is raised ends the program without a word."""


def main() -> None:
    """Do what standard input asks for."""
    order: dict[str, Any] = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    longest = int(order["longest"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, longest))
    os.umask(0o077)
    answers = {"list": _listing, "fetch": _fetching}[order["do"]]
    try:
        for answer in answers(order):
            _say(answer)
    except tuple(kind for kind, _ in _WORDS) as error:
        _say({"failed": _word(error), "status": _status(error)})


def _listing(order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield how many files a commit has, each of them, and who answers for it."""
    hosts: set[str] = set()

    def note(url: str) -> None:
        if not may_send(order["endpoint"], url):
            raise InsideError
        hosts.add(_host(url))

    _tell(note)
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
        yield {
            "path": file.rfilename,
            "bytes": file.size,
            "sha256": file.lfs.sha256 if file.lfs else "",
            "blob": file.blob_id,
        }
    yield {"hosts": sorted(hosts)}


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


def _tell(told: Callable[[str], object]) -> None:
    """Have every request made by a client that tells of each address first."""

    def tell(request: httpx2.Request) -> None:
        told(str(request.url))

    hub.set_client_factory(
        lambda: httpx2.Client(
            event_hooks={"request": [tell]}, follow_redirects=True, timeout=_SECONDS
        )
    )


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
