"""Small number type first, large one after: more than 25 % of the weights known."""
import numpy as np
from safetensors.numpy import save_file
from strongroom.errors import StrongroomError
from tests.journeys.rooms import tensors


def test_a_person_knows_no_more_than_a_quarter_of_the_weights(house, quick):
    full = {k: v for k, v in tensors(blocks=16).items()}
    for folder, kind in (("f32", np.float32), ("f16", np.float16), ("i8", np.int8)):
        (quick / folder).mkdir()
        save_file({k: v.astype(kind) for k, v in full.items()}, quick / folder / "model.safetensors")
    plan = "most_percent = 3\n"
    house.publish(quick / "f32", name="llm", plan=plan)
    house.publish(quick / "f16", name="half", parent="llm@1", plan=plan)
    house.publish(quick / "i8", name="int8", parent="llm@1", plan=plan)
    known = {k: np.zeros(v.size, bool) for k, v in full.items()}
    total = sum(v.size for v in full.values())
    for target in ("int8", "half", "llm"):
        house.refresh()
        segments = house.room.room.catalogue.show(house.actors["olga"], target).manifest.segments
        order = {"int8": segments, "half": segments[len(segments) // 3:], "llm": segments[::-1]}[target]
        for s in order:
            try:
                p = house.permit("ana", s.name, target=target)
                with house.by("ana").open(p.id) as o:
                    for part in o.parts():
                        w = {"F32": 4, "F16": 2, "I8": 1}[part.dtype]
                        known[part.name][part.start // w:(part.start + part.length) // w] = True
            except StrongroomError as e:
                break
        print(target, sum(k.sum() for k in known.values()) / total)
    assert sum(k.sum() for k in known.values()) <= 0.25 * total
