"""What repositories of a hub have now, and had when something was taken from them.

Only lists of files are asked for, and only the hub itself is: where it sends elsewhere,
that is an error.  One repository that cannot be read does not keep the others from
being read, and what was not answered is an error of its own, never an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from strongroom.errors import InputError, IntegrityError, StrongroomError
from strongroom.intake.hub import Hub
from strongroom.intake.hub_files import HubFile, number, parse_file
from strongroom.intake.hub_process import ITS_KEEPER, MOST_LINE, asking, failure
from strongroom.intake.jobs import MOST_FILES
from strongroom.intake.names import verify_paths
from strongroom.intake.origins import Origin

_SECONDS: Final = 120
_SECONDS_EACH: Final = 10
"""More for each list: 10,000 files are 3 MB."""
_MOST_SECONDS: Final = 3600
_MOST_TEXT: Final = 128 << 20
"""Characters of all names of files; a million files of 100 have as many."""

Answers = Iterator[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A repository to ask about.

    Attributes:
        repository: ``ORG/NAME``.
        commits: That something was taken from, each once.
    """

    repository: str
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a repository has at a commit, as the hub says.

    Attributes:
        place: Publisher, repository and commit, by the name that it has now.
        files: By path.
    """

    place: Origin
    files: Mapping[str, HubFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a hub told of a repository.

    Attributes:
        newest: What it has now, or why that is not known.
        before: What it had at commits, as far as it still says so.
        gone: Commits that it has no more.
    """

    newest: Snapshot | StrongroomError
    before: Mapping[str, Snapshot]
    gone: frozenset[str] = frozenset()


def ask_newest(hub: Hub, asked: Sequence[Asked], home: Path) -> list[Told]:
    """Return what a hub tells of repositories, in their order.

    Args:
        hub: That is asked, and nobody else.
        asked: What about.
        home: A private folder, for notes of the library.

    Raises:
        SetupError: The library is not installed.
    """
    order = {
        **hub.order(),
        "do": "newest",
        "longest": MOST_LINE,
        "most_files": MOST_FILES,
        "asked": [[one.repository, list(one.commits)] for one in asked],
    }
    lists = sum(1 + len(one.commits) for one in asked)
    seconds = min(_SECONDS + _SECONDS_EACH * lists, _MOST_SECONDS)
    with asking(order, home, environment=hub.environment, seconds=seconds) as answers:
        return list(_each(hub, asked, bounded(hub, answers)))


def bounded(hub: Hub, answers: Answers) -> Answers:
    """Yield answers until their names of files are more than fit into memory.

    Args:
        hub: Whose answers they are.
        answers: Each line of the program.

    Raises:
        InputError: They are.
    """
    left = _MOST_TEXT
    for answer in answers:
        left -= len(str(answer.get("path", "")))
        if left < 0:
            raise failure(hub.endpoint, "much", None)
        yield answer


def _each(hub: Hub, asked: Sequence[Asked], answers: Answers) -> Iterator[Told]:
    """Yield what is told of each; why the program ended, of those behind that."""
    ended: StrongroomError | None = None
    for one in asked:
        if ended is None:
            try:
                told = _told(hub, one, answers)
            except StrongroomError as error:
                ended = error
            else:
                yield told
                continue
        yield Told(newest=ended, before={})


def _told(hub: Hub, asked: Asked, answers: Answers) -> Told:
    """Return what is told of one repository.

    Raises:
        StrongroomError: The program ended.
    """
    first = next(answers, {})
    if "lacks" in first:  # then it says nothing of the commits
        return Told(newest=_lacking(hub, first), before={})
    newest = _snapshot(hub, first, answers)
    before: dict[str, Snapshot] = {}
    gone: set[str] = set()
    for commit in asked.commits:
        said = next(answers, {})
        if "lacks" in said:
            gone.update({commit} if said["lacks"] == "missing" else ())
            continue
        snapshot = _snapshot(hub, said, answers)
        if isinstance(snapshot, Snapshot) and snapshot.place.commit == commit:
            before[commit] = snapshot
    return Told(newest=newest, before=before, gone=frozenset(gone))


def _lacking(hub: Hub, answer: Mapping[str, Any]) -> StrongroomError:
    return failure(hub.endpoint, str(answer["lacks"]), answer.get("status"))


def _snapshot(
    hub: Hub, said: Mapping[str, Any], answers: Answers
) -> Snapshot | StrongroomError:
    """Return what one list says, or what is wrong with it; all of it is read.

    Raises:
        StrongroomError: The program ended, or says how many files wrongly.
    """
    count = number(said.get("files"))
    if count > MOST_FILES:
        raise InputError(f"{count} files are more than {MOST_FILES}")
    lines = [next(answers, {}) for _ in range(count)]
    try:
        files = [parse_file(line) for line in lines]
        verify_paths(file.path for file in files)
        place = _place(hub, said)
    except StrongroomError as error:
        return error
    return Snapshot(place=place, files={file.path: file for file in files})


def _place(hub: Hub, said: Mapping[str, Any]) -> Origin:
    """Return whose commit an answer says that it is about.

    Raises:
        IntegrityError: It names no commit, or no repository.
    """
    publisher, _, repository = str(said.get("name")).partition("/")
    commit = said.get("commit")
    try:
        if commit and isinstance(commit, str) and repository:
            return Origin(publisher=publisher, repository=repository, commit=commit)
    except InputError:  # its words are about what somebody typed
        pass
    raise IntegrityError(
        f"the hub {hub.endpoint} names no repository and commit of 40 hexadecimal"
        " digits as its newest",
        hint=ITS_KEEPER,
    )
