"""Deleting release rows resets the meter of a permit."""
import pytest, sqlalchemy as sa
from strongroom.errors import StrongroomError


def test_deleted_releases_do_not_reset_the_meter(house, model):
    house.publish(model, classification="internal")
    house.refresh()
    manifest = house.room.room.catalogue.show(house.actors["olga"], "llm").manifest
    names = [s.name for s in manifest.segments][:3]
    most = 30000
    p = house.permit("ana", *names, at_most_bytes=most)
    got = 0
    with pytest.raises(StrongroomError):
        for n in names:
            with house.by("ana").open(p.id, segments=[n]) as o:
                got += o.check(); print(n, got)
            with house.room.room.ledger.database.engine.begin() as c:
                c.execute(sa.text("delete from releases"))
