"""The database hides the release entry between commit and unwrap; the custodian does not notice."""
import sqlite3, shutil, pytest
from pathlib import Path
from strongroom.errors import StrongroomError
from strongroom.client.client import Strongroom
from strongroom.app import open_strongroom
from tests.journeys import rooms
from tests.journeys.rooms import Clock, PASSPHRASE


class HostileClock(Clock):
    """Lets the database's administrator act at a chosen moment."""
    act = None
    calls = 0
    def __call__(self):
        if self.act is not None:
            self.calls += 1
            self.act(self.calls)
        return self.now


def test_keys_do_not_leave_when_the_entry_is_hidden_before_the_anchor(quick, model):
    clock = HostileClock()
    room = rooms.solo(quick / "room", clock=clock)
    room.seal(model, name="llm", classification="internal")
    permit = room.request("llm", purpose="x").permit
    room._anchor()
    live = quick / "room" / "room.db"
    copy = sqlite3.connect(quick / "copy.db")
    source = sqlite3.connect(live)
    source.backup(copy)

    def act(call):
        # The first look at the clock after the release was committed is inside the
        # transaction that reads the entry's leaf; its snapshot is taken already.
        seen = sqlite3.connect(live).execute("select count(*) from entries").fetchone()[0]
        if seen > before:
            target = sqlite3.connect(live, timeout=5)
            copy.backup(target)
            target.close()

    before = source.execute("select count(*) from entries").fetchone()[0]
    clock.act = act
    try:
        opened = room.open(permit.id)
        read = opened.check()
    except StrongroomError as error:
        print("refused", error)
        read = 0
    clock.act = None
    after = sqlite3.connect(live).execute("select count(*) from entries").fetchone()[0]
    released = sqlite3.connect(live).execute("select count(*) from entries where kind='key.released'").fetchone()[0]
    print("entries", before, after, "released entries", released, "bytes read", read)
    room.room.ledger.database.close()
    again = rooms.again(quick / "room", Clock())
    report = again.records.verify()
    print(report)
    assert read == 0 or released == 1
