"""What a stranger does to a file before they hand it in, for every reader alike."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.rewriting import Options, Rewrite, Rewritten, Workplace
from strongroom.intake.sources import Source


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw the file with a few bytes changed, lost, doubled, put in, or cut off."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(changed) - 1, 0)))
        length = draw(st.integers(1, 8))
        match draw(st.sampled_from(["flip", "lose", "double", "put", "fill", "cut"])):
            case "flip" if changed:
                changed[at] ^= 1 << draw(st.integers(0, 7))
            case "lose":
                del changed[at : at + length]
            case "double":
                changed[at:at] = changed[at : at + 8 * length]
            case "put":
                changed[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "fill":
                changed[at : at + length] = draw(st.sampled_from([b"\xff", b"\0"])) * (
                    length
                )
            case _:
                del changed[at:]
    return bytes(changed)


def rewritten(
    rewrite: Rewrite, data: bytes, path: str, options: Options | None = None
) -> tuple[Rewritten, dict[str, bytes]]:
    """Return what a reader made of these bytes, and the files that came out.

    Raises:
        InputError: It refused; any other error is a defect of the reader.
    """
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:  # memory
        folder = Path(name, "out")
        folder.mkdir()
        descriptor = os.memfd_create("hostile")
        try:
            os.write(descriptor, data)
            source = Source(descriptor=descriptor, start=0, length=len(data), path=path)
            workplace = Workplace(folder, Path(name))
            result = rewrite(source, workplace, options or Options())
            files = {name: (folder / name).read_bytes() for name in result.outputs}
        finally:
            os.close(descriptor)
    return result, files


def rewritten_or_refused(
    rewrite: Rewrite, data: bytes, path: str
) -> dict[str, bytes] | None:
    """Return the files that came out, or None where the reader refused."""
    try:
        return rewritten(rewrite, data, path)[1]
    except InputError:
        return None
