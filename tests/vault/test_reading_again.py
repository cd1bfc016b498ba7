"""What older readers admitted is read again, and what is seen otherwise is recalled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from strongroom.client.intake import Added
from strongroom.database import intake_tables
from strongroom.errors import IntegrityError, MissingError
from strongroom.intake.additions import Addition
from strongroom.intake.examining import Examine
from strongroom.intake.intakes import Intake
from strongroom.intake.later_readings import LATER_READINGS
from strongroom.intake.reading import SandboxReader
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.types import ArtifactId, id_bytes
from strongroom.vault.drafts import SealOptions
from strongroom.vault.reauditing import Reaudited
from tests.intake.advising import KNOWN_BAD, bundle
from tests.intake.older import Older, longer_json
from tests.intake.readers import read_here
from tests.intake.rooms import reading_here
from tests.journeys.rooms import House
from tests.vault.stored import objects

WEIGHTS = {f"w{n}": np.arange(9000, dtype="<f4") + n for n in range(4)}
PLAIN = Options()
TENSORS = {name: torch.from_numpy(array) for name, array in WEIGHTS.items()}
PICKLE = b"\x80\x04cposix\nsystem\n(tR."


@pytest.fixture
def foreign(quick: Path) -> Path:
    """Give a folder as a hub has it: weights, and a configuration."""
    folder = quick / "foreign"
    folder.mkdir()
    save_file(WEIGHTS, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    return folder


def admit(
    house: House,
    path: Path,
    older: Examine,
    *,
    name: str = "llm",
    options: Options = PLAIN,
) -> Added:
    """Take something in with older readers, and accept it."""
    room = reading_here(house.by("olga"), reads=older)
    done = room.intakes.add(
        Addition(path=path, project="default", options=options), SealOptions(name=name)
    )
    request = room.intakes.accept(done.intake.id)
    house.by("ines").approve(request.id)
    return done


def reread(
    house: House, at_most: int | None = None, *, reads: Examine | None = None
) -> Reaudited:
    """Judge again and read again, in the sandbox of the room unless said."""
    room = house.by("olga")
    if reads is not None:
        room = reading_here(room, reads=reads)
    return room.intakes.reaudits.reread(room.intakes.reaudits.run(), at_most=at_most)


def rules(found: Reaudited) -> list[str]:
    every = [finding.rule for _, finding in found.findings]
    return [rule for rule in every if rule != "advisory/none"]


def kinds(house: House) -> list[str]:
    ledger = house.room.room.ledger
    with ledger.reading() as reading:
        bodies = [json.loads(entry.body) for entry in ledger.entries(reading, 0)]
    every = [str(body["kind"]) for body in bodies]
    return [kind for kind in every if kind in {"intake.reopened", "intake.reread"}]


def opens(house: House) -> None:
    permit = house.permit("ana", "architecture")
    house.by("ana").open(permit.id).close()


def shown(house: House, added: Added) -> Intake:
    return house.by("olga").intakes.show(added.intake.id)[0]


def message(found: Reaudited) -> str:
    return found.findings[-1][1].message


def test_what_comes_out_the_same_has_the_newer_readers_from_then_on(
    house: House, foreign: Path
) -> None:
    """Through the sandbox, both times: safetensors, JSON, and a checkpoint of torch."""
    torch.save(TENSORS, foreign / "more.pt")
    admit(house, foreign, Older(read=SandboxReader(BubblewrapSandbox())))
    before = house.by("olga").intakes.reaudits.run()
    assert (rules(before), len(before.outgrown)) == (["advisory/reader"], 1)

    found = reread(house)

    assert (rules(found), found.reread, found.outgrown) == (["reread/same"], 1, ())
    assert found.recalled == ()
    assert kinds(house) == ["intake.reopened", "intake.reread"]
    after = house.by("olga").intakes.reaudits.run()
    assert (rules(after), after.outgrown) == ([], ())
    assert list((house.folder / "quarantine").glob("*")) == []
    opens(house)


def test_what_is_written_otherwise_today_releases_no_key(
    house: House, foreign: Path, model: Path
) -> None:
    added = admit(house, foreign, Older(change=longer_json))
    child = house.by("olga").seal(model, name="tuned", parent="llm@1")
    permit = house.permit("ana", "architecture")

    found = reread(house, reads=read_here)

    assert (rules(found), found.clean) == (["reread/differs"], False)
    assert "re-written file changed: 'config.json'" in message(found)
    assert {one.artifact for one in found.recalled} >= {child.artifact.id}
    with pytest.raises(MissingError, match="in quarantine"):
        house.by("ana").open(permit.id)
    assert shown(house, added).state == "waiting"


def test_what_is_refused_today_releases_no_key(house: House, foreign: Path) -> None:
    """In the sandbox: a pickle that older readers took for text."""
    (foreign / "notes.txt").write_bytes(PICKLE)
    admit(house, foreign, Older(blind=frozenset({"notes.txt"})))
    permit = house.permit("ana", "architecture")

    found = reread(house)

    assert rules(found) == ["reread/refused"]
    assert "error refused/pickle in 'notes.txt'" in message(found)
    with pytest.raises(MissingError, match="in quarantine"):
        house.by("ana").open(permit.id)


def test_what_somebody_accepts_again_is_not_taken_back_again(
    house: House, foreign: Path
) -> None:
    added = admit(house, foreign, Older(change=longer_json))
    reread(house, reads=read_here)
    again = house.by("olga").intakes.accept(added.intake.id)
    house.by("ines").approve(again.id)

    found = reread(house, reads=read_here)

    assert (rules(found), found.reread, found.recalled) == (["reread/known"], 0, ())
    opens(house)


def test_an_interruption_loses_what_was_under_way_alone(
    house: House, foreign: Path, quick: Path
) -> None:
    for name in ("one", "two"):
        (foreign / "config.json").write_text(json.dumps({"model_type": name}))
        admit(house, foreign, Older(), name=name)
    calls: list[Path] = []

    def interrupted(
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        calls.append(output)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return read_here(descriptor, files, options, output)

    with pytest.raises(KeyboardInterrupt):
        reread(house, reads=interrupted)

    assert list((house.folder / "quarantine").iterdir()) == []
    left = house.by("olga").intakes.reaudits.run()
    assert len(left.outgrown) == 1
    assert reread(house, at_most=1, reads=read_here).reread == 1
    assert reread(house, reads=read_here).reread == 0


def test_readers_are_given_what_they_were_given_first(
    house: House, quick: Path
) -> None:
    folder = quick / "foreign"
    folder.mkdir()
    torch.save(TENSORS, folder / "more.pt")
    (folder / "evil.py").write_text("import os")
    given = Options(salvage=True, left_out=("*.py",))
    types = ("mylab.models.Scaler",)
    listing = Older(change=lambda report, _: replace(report, types=types))
    admit(house, folder, listing, options=given)
    again = Older()

    found = reread(house, reads=again)

    assert rules(found)[-1] == "reread/same"
    assert again.given == [replace(given, types=types)]


# --- what goes wrong -------------------------------------------------------------


def test_an_original_that_was_altered_is_said_so_and_recalls_nothing(
    house: House, foreign: Path
) -> None:
    added = admit(house, foreign, Older())
    artifact = ArtifactId(str(shown(house, added).original).partition("/")[0])
    for path in objects(house.folder):
        if id_bytes(artifact).hex() in str(path):
            path.chmod(0o600)
            path.write_bytes(path.read_bytes()[:-1] + b"?")

    found = reread(house, reads=read_here)

    assert rules(found) == ["advisory/reader", "reread/failed"]
    assert (found.reread, found.recalled) == (0, ())
    opens(house)


def test_what_is_refused_while_it_is_read_stays_refused(
    house: House, foreign: Path
) -> None:
    room = reading_here(house.by("olga"), reads=Older())
    added = room.intakes.add(
        Addition(path=foreign, project="default"), SealOptions(name="llm")
    )

    def meanwhile(
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        room.intakes.refuse(added.intake.id)
        return read_here(descriptor, files, options, output)

    found = reread(house, reads=meanwhile)

    assert rules(found) == ["advisory/reader", "reread/failed"]
    assert "was refused meanwhile" in message(found)
    assert reread(house).judged == 0


def test_an_advisory_on_what_only_newer_readers_saw_is_a_hit(
    house: House, quick: Path
) -> None:
    """Of what they say in addition nothing is different, and all of it is judged."""

    def silent(report: SnapshotReport, _: Path) -> SnapshotReport:
        files = (replace(f, facts={**f.facts, "globals": []}) for f in report.files)
        return replace(report, files=tuple(files))

    folder = quick / "foreign"
    folder.mkdir()
    torch.save(TENSORS, folder / "more.pt")
    added = admit(house, folder, Older(change=silent))
    room = reading_here(house.by("olga"), KNOWN_BAD, reads=read_here)
    names = bundle(house, globals=["torch._utils.*"])
    before = room.intakes.reaudits.run(names)
    assert rules(before) == ["advisory/reader"]

    found = room.intakes.reaudits.reread(before)

    assert rules(found) == ["reread/same", "advisory/hit"]
    assert [one.id for one in found.recalled] == [added.intake.version]
    assert rules(room.intakes.reaudits.run()) == ["advisory/known"]


def test_a_deleted_reading_is_not_passed_over(house: House, foreign: Path) -> None:
    admit(house, foreign, Older())
    reread(house, reads=read_here)
    with house.room.room.ledger.transaction() as writing:
        writing.connection.execute(intake_tables.later_readings.delete())
        assert LATER_READINGS.find(writing) == []

    with pytest.raises(IntegrityError, match="was deleted"):
        reread(house, reads=read_here)
