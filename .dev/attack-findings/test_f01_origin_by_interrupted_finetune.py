"""A researcher becomes origin holder of somebody else's lineage."""
import pytest
from strongroom.errors import InputError
from tests.journeys import rooms
from tests.journeys.rooms import write_small_model
from strongroom.permits.holdings import sealers


def test_an_interrupted_fine_tune_does_not_make_an_origin_holder(house, model, quick):
    house.publish(model)  # llm@1 by olga
    noise = write_small_model(quick / "noise", seed=9, blocks=1)

    def interrupt(_):
        raise KeyboardInterrupt

    # 1. a fine-tune of llm, interrupted: the artifact row with llm's root stays
    with pytest.raises(KeyboardInterrupt):
        house.by("ana").seal(noise, name="tuned", parent="llm@1", progress=interrupt)
    # 2. the same name again, without --parent: a version without a parent
    sealed = house.by("ana").seal(noise, name="tuned")
    house.by("ines").approve(sealed.request.id)  # one approver, sees ana's own noise
    with house.room.room.ledger.reading() as reading:
        root = sealed.artifact.roots[0]
        ana = house.actors["ana"].account
        origin = sealers(reading, root)
    # 3. consequence: everything but one segment of llm
    names = [s.name for s in house.room.room.catalogue.show(house.actors["olga"], "llm").manifest.segments]
    house.refresh()
    got = []
    for name in names[:-1]:
        try:
            permit = house.permit("ana", name)
            with house.by("ana").open(permit.id) as opened:
                got.append(opened.check())
        except Exception as e:
            print(name, e)
    total = sum(p.stat().st_size for p in model.rglob("*") if p.is_file())
    print("ana got", sum(got), "of", total)
    assert ana not in origin
    assert sum(got) <= 0.27 * total
