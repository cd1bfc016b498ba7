"""A checkpoint with optimizer state lets one person hold all weights."""
import numpy as np, shutil
from safetensors.numpy import save_file
from tests.journeys.rooms import tensors


def test_optimizer_state_beside_the_weights_does_not_raise_the_cap(house, model, quick):
    house.publish(model)
    more = quick / "more"
    shutil.copytree(model, more)
    weights = sum(t.nbytes for t in tensors().values())
    save_file({f"optimizer.{i}": np.random.default_rng(i).standard_normal(weights // 4).astype(np.float32) for i in range(8)}, more / "optimizer.safetensors")
    house.publish(more)   # llm@2, needs nobody
    house.refresh()
    manifest = house.room.room.catalogue.show(house.actors["olga"], "llm@2").manifest
    one = {s.name for s in house.room.room.catalogue.show(house.actors["olga"], "llm@1").manifest.segments}
    print([s.name for s in manifest.segments])
    ana = house.by("ana")
    held = {}
    for s in reversed(manifest.segments):
        if s.name.startswith('biases') and s.name != 'biases.0': continue
        try:
            p = house.permit("ana", s.name, target="llm@2")
        except Exception as e:
            print(s.name, e); continue
        with ana.open(p.id) as opened:
            held.update({x.label: x.length for x in opened.parts() if not x.name.startswith("optimizer")})
    got = sum(held.values())
    print("weights held", got, "of", weights)
    assert got <= 0.25 * weights
