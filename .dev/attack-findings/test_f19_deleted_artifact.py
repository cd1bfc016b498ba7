"""A deleted artifact row makes the next version the beginning of a new lineage."""
import pytest, sqlalchemy as sa
from strongroom.errors import StrongroomError

def test_a_deleted_artifact_is_noticed_when_its_name_is_sealed_again(house, model):
    first = house.publish(model); house.refresh()
    with house.room.room.ledger.database.engine.begin() as c:
        c.execute(sa.text("delete from artifacts"))
    with pytest.raises(StrongroomError):
        second = house.publish(model)
        print(first.artifact.roots, second.artifact.roots, "same name, exposure from zero")
