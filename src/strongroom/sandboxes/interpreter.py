"""What a sandbox has to show so that the Python which runs us runs inside.

The interpreter, its standard library and the shared libraries of the system, read-only
and under plain names: no shell, no other program, nothing of a person's folder.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from strongroom.sandboxes.port import Readable

EXECUTABLE = "/python/bin/python3"
"""Where Python lies inside; it finds its standard library from there."""


def interpreter() -> tuple[Readable, ...]:
    """Return the interpreter and its standard library.

    Those of the installation, also where a virtual environment runs us.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base: str = getattr(sys, "_base_executable", "") or sys.executable
    return (
        Readable(source=Path(base).resolve(), target=EXECUTABLE),
        Readable(
            source=Path(sysconfig.get_path("stdlib")).resolve(),
            target=f"/python/{sys.platlibdir}/{version}",
        ),
    )


def shared_libraries() -> tuple[Readable, ...]:
    """Return the folders where the loader looks for shared libraries.

    On Debian those of one architecture only, which hold no programs.
    """
    architecture = sysconfig.get_config_var("MULTIARCH") or ""
    folders = [f"/usr/lib/{architecture}", f"/lib/{architecture}"]
    if not (architecture and Path(folders[0]).is_dir()):
        folders = ["/usr/lib", "/lib", "/usr/lib64"]
    places = [*folders, "/lib64", "/etc/ld.so.cache", *_own_library()]
    return tuple(
        Readable(source=Path(place).resolve(), target=place)
        for place in places
        if Path(place).exists()
    )


def _own_library() -> list[str]:
    """Return where libpython lies, if this Python is made with a shared one."""
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return []
    folder = sysconfig.get_config_var("LIBDIR")
    return [f"{folder}/{sysconfig.get_config_var('INSTSONAME')}"]
