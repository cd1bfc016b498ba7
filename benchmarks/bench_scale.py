"""What the everyday calls cost as a room grows: entries, segments, people and more.

One room for each curve, on SQLite, filled step by step; at each step the median CPU
time of a few calls of each kind.  Entries are about refusals, which name no row, 1,024
to a transaction of the real sequencer.  Segments come by sealing small models, people
by letting each open a segment of one model and hand the permit back, permits by
requests that are granted at once, and openings by using one permit.  ``open the room``
is with its passphrase, at the least cost of guessing it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from benchmarks.costs import cost_of
from benchmarks.curves import draw
from benchmarks.rounds import going_first, load
from strongroom.access import passwords
from strongroom.access.accounts import find_account
from strongroom.access.enrolment import activate
from strongroom.access.founding import Founder
from strongroom.access.projects import Membership
from strongroom.access.sessions import Actor
from strongroom.app import create_strongroom, open_strongroom
from strongroom.client.client import Strongroom
from strongroom.crypto.passphrases import Cost
from strongroom.ledger.events import Event
from strongroom.ledger.reconcile import reconcile
from strongroom.types import AccountId, Profile, Role, Secret

PASSPHRASES = {"*": Secret(b"a passphrase for a benchmark")}
QUICK_TO_GUESS = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
LEAST = passwords.Cost(memory_kib=19 * 1024, passes=1, lanes=1)
BATCH = 1024
SEGMENTS_A_MODEL = 100
ROUNDS, MOST_SECONDS = 5, 2
DOCS = Path(__file__).parents[1] / "docs" / "images"

ACROSS = {
    "entries": "entries of the ledger",
    "segments": "sealed segments",
    "people": "people who hold a part of the model",
    "permits": "permits in force",
    "openings": "openings of one permit",
}
MOST = {"entries": 10**6, "segments": 10**4}
Point = dict[str, float]
Curve = dict[int, Point]


def main() -> None:
    """Measure, print one line of JSON, and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ACROSS:
        most = MOST.get(name, 10**3)
        parser.add_argument(f"--{name}", type=int, default=most, help="at most")
    parser.add_argument("--only", choices=ACROSS, help="one curve")
    parser.add_argument("--draw", action="store_true", help="write docs/images")
    arguments = parser.parse_args()
    grow: dict[str, Callable[[list[int]], Curve]] = {
        "entries": entries,
        "segments": segments,
        "people": people,
        "permits": permits,
        "openings": openings,
    }
    names = [arguments.only] if arguments.only else list(ACROSS)
    curves = {name: grow[name](steps(getattr(arguments, name))) for name in names}
    if arguments.draw:
        for name, curve in curves.items():
            picture = draw(curve, across=ACROSS[name])
            (DOCS / f"scale-{name}.svg").write_text(picture, encoding="utf-8")
    print(json.dumps({"bench": "scale", "load": load(), **curves}))


def steps(most: int) -> list[int]:
    """Return powers of ten from 100 up to ``most``."""
    return [10**n for n in range(2, 9) if 10**n <= most]


def entries(sizes: list[int]) -> Curve:
    """Return costs for ledgers of so many entries."""
    found = Curve()
    with new_room(segments=10) as folder:
        for size in sizes:
            fill_ledger(folder, size)
            found[size] = costs(folder)
    return found


def segments(sizes: list[int]) -> Curve:
    """Return costs for rooms with so many sealed segments."""
    found, sealed = Curve(), 10
    with new_room(segments=10) as folder:
        for size in sizes:
            with opened(folder) as room:
                while sealed < size:
                    seal(room, folder, f"model-{sealed}", SEGMENTS_A_MODEL)
                    sealed += SEGMENTS_A_MODEL
            found[size] = costs(folder)
    return found


def people(sizes: list[int]) -> Curve:
    """Return costs for a model of which so many people were given a segment."""
    found, joined = Curve(), 0
    with new_room(segments=SEGMENTS_A_MODEL) as folder:
        for size in sizes:
            with opened(folder) as room:
                for number in range(joined, size):
                    layer = number % (SEGMENTS_A_MODEL - 2)
                    take(join(room, f"person-{number}"), f"layer.{layer}")
            joined = size
            found[size] = costs(folder)
    return found


def join(room: Strongroom, name: str) -> Strongroom:
    """Let somebody belong to the room, and return it as they have it."""
    everybody = room.room.people
    everybody.add(room.actor, name, team="me", roles=[Role.RESEARCHER])
    with room.room.ledger.transaction() as writing:
        invited, password = find_account(writing, name), Secret(b"a password of theirs")
        account = activate(writing, invited, password, cost=LEAST)
    everybody.set_member(room.actor, "default", name, Membership.MEMBER)
    return Strongroom(room.room, Actor(account=account.id))


def take(room: Strongroom, segment: str) -> None:
    """Open a segment, and hand the permit back."""
    permit = granted(room, segment)
    room.open(permit).close()
    room.revoke(permit)


def permits(sizes: list[int]) -> Curve:
    """Return costs for rooms with so many permits of one person."""
    found, issued = Curve(), 0
    with new_room(segments=10) as folder:
        for size in sizes:
            with opened(folder) as room:
                for _ in range(issued, size):
                    granted(room)
            issued = size
            found[size] = costs(folder)
    return found


def openings(sizes: list[int]) -> Curve:
    """Return costs when one permit was used so often."""
    found, done = Curve(), 0
    with new_room(segments=10) as folder:
        with opened(folder) as room:
            permit = granted(room)
        for size in sizes:
            with opened(folder) as room:
                for _ in range(done, size):
                    room.open(permit).close()
            done = size
            found[size] = costs(folder, permit)
    return found


@contextmanager
def new_room(segments: int) -> Iterator[Path]:
    """Give a room of one person with one small model in it."""
    with tempfile.TemporaryDirectory(prefix="strongroom-scale-") as name:
        folder = Path(name)
        room, _ = create_strongroom(
            folder / "room",
            profile=Profile.SOLO,
            passphrases=PASSPHRASES,
            owner=Founder(name="me", team="me", password=Secret(b"a password of it")),
            cost=QUICK_TO_GUESS,
        )
        with room:
            seal(room, folder, "model", segments)
        yield folder


def opened(folder: Path) -> Strongroom:
    """Open the room."""
    return open_strongroom(folder / "room", passphrases=PASSPHRASES)


def seal(room: Strongroom, folder: Path, name: str, count: int) -> None:
    """Seal a model that a plan cuts into so many segments."""
    weights: dict[str, npt.NDArray[np.float32]] = {
        f"layers.{number}.weight": np.full((4, 4), number, dtype=np.float32)
        for number in range(count - 2)
    }
    weights["layers.0.bias"] = np.zeros(4, dtype=np.float32)
    source = folder / f"{name}.safetensors"
    save_file(weights, source)
    room.seal(source, name=name, plan=plan_of(count))
    source.unlink()


def plan_of(count: int) -> str:
    """Return a plan with a segment for each layer, and two more."""
    rules = [
        f'[[segment]]\nname = "layer.{n}"\nmatch = ["layers.{n}.weight"]\n'
        for n in range(count - 2)
    ]
    return "most_percent = 50\n" + "\n".join(rules)


def fill_ledger(folder: Path, size: int) -> None:
    """Append entries about refusals until the ledger has so many."""
    with opened(folder) as room:
        ledger, actor = room.room.ledger, room.actor.account
        with ledger.reading() as reading:
            newest = ledger.checkpoint(reading)
        have = newest.size if newest else 0
        while have < size:
            count = min(BATCH, size - have)
            with ledger.transaction() as writing:
                for number in range(count):
                    writing.append(refusal(actor, number))
            have += count


def refusal(actor: AccountId, number: int) -> Event:
    """Return an entry that names no row."""
    return Event(
        kind="action.refused",
        actor=actor,
        facts={
            "action": "segment:release",
            "resource": "model",
            "rules": [str(number)],
        },
    )


def granted(room: Strongroom, segment: str = "biases") -> str:
    """Return a permit for a segment of the first model."""
    asked = room.request("model", segments=[segment], purpose="a benchmark")
    if asked.permit is None:
        raise SystemExit("the request waits for somebody")
    return asked.permit.id


def costs(folder: Path, permit: str | None = None) -> Point:
    """Return milliseconds of CPU of each kind of call, now.

    Args:
        folder: Of the room.
        permit: What is opened; a new one unless given.
    """
    with opened(folder) as room:
        permit = permit or granted(room)
        calls: dict[str, Callable[[], object]] = {
            "request": lambda: granted(room),
            "open a permit": lambda: room.open(permit).close(),
            "exposure": lambda: room.records.exposure("model"),
            "prove an entry": lambda: room.records.prove(1),
        }
        found = {name: milliseconds(call) for name, call in calls.items()}
    found["open the room"] = milliseconds(lambda: opened(folder).close())
    with opened(folder) as room:
        found["reconcile"] = milliseconds(lambda: compared(room))
        found["verify all"] = milliseconds(lambda: verified(room))
    return found


def compared(room: Strongroom) -> None:
    """Replay the ledger, and compare every guarded row with it."""
    with room.room.ledger.reading() as reading:
        if reconcile(room.room.ledger, reading):
            raise SystemExit("rows are not what the ledger says")


def verified(room: Strongroom) -> None:
    """Verify entries, tiles, checkpoints, rows and anchors."""
    if room.records.verify().findings:
        raise SystemExit("the room is not in order")


def milliseconds(call: Callable[[], object]) -> float:
    """Return the median CPU time of a call; of fewer rounds, if they take long."""
    taken: list[float] = []
    while len(taken) < ROUNDS and sum(taken) < MOST_SECONDS:
        with going_first():
            taken.append(cost_of(call).cpu)
    return round(1000 * statistics.median(taken), 2)


if __name__ == "__main__":
    main()
