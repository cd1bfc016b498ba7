import numpy as np
from safetensors.numpy import save_file
def test_two_files_with_one_tensor_name_lose_nothing(solo_room, quick):
    (quick/"m").mkdir()
    save_file({"w": np.zeros(4, np.float32)}, quick/"m"/"a.safetensors")
    save_file({"w": np.ones(4, np.float32)}, quick/"m"/"b.safetensors")
    solo_room.seal(quick/"m", name="m", classification="open")
    with solo_room.open("m") as o:
        t = o.tensors()
        print(t)
        assert len(t) == 2
