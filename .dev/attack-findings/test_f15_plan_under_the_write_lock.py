"""Matching a plan file happens inside the write transaction: nobody can revoke meanwhile."""
import threading, time
import numpy as np
from safetensors.numpy import save_file
from strongroom.errors import StrongroomError

def test_a_slow_plan_file_keeps_nobody_from_revoking(house, model, quick):
    house.publish(model, classification="internal"); house.refresh()
    p = house.permit("ana", "biases")
    (quick / "many").mkdir()
    save_file({f"{'a' * 200}{i}": np.zeros(16, np.uint8) for i in range(8_000)}, quick / "many" / "m.safetensors")
    patterns = ",".join(f'"*{"a*" * 60}{i % 10}*"' for i in range(1000))
    plan = f'[[segment]]\nname="all"\nmost_percent=10\nmatch=[{patterns}]\n'
    done = []
    def seal():
        t = time.monotonic()
        try: house.by("ben").seal(quick / "many", name="slow", plan=plan)
        except StrongroomError as e: print("seal:", e)
        done.append(time.monotonic() - t)
    thread = threading.Thread(target=seal, daemon=True); thread.start()
    time.sleep(1.5)
    t = time.monotonic()
    try:
        house.by("ines").revoke(p.id); error = None
    except StrongroomError as e:
        error = e
    waited = time.monotonic() - t
    print("revoke waited", waited, "error", error)
    thread.join(60); print("seal took", done)
    assert error is None and waited < 3
