"""Assembles the filter through which the kernel looks at every system call.

Written here instead of taken from libseccomp: the filter is one list of comparisons,
its bytes are the same on every machine, it needs no shared library, and the one
well-known binding is a wrapper of 2021.  A test runs it in the kernel.

Source: ``linux/seccomp.h``, ``linux/bpf_common.h``; ``struct seccomp_data`` in
seccomp(2).
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.errors import SetupError
from strongroom.sandboxes.calls import ALLOWED, ASKED, PROCESSES, Numbers

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_ALLOW = 0x7FFF0000
_FAIL = 0x00050000  # with this number as errno
_KILL = 0x80000000

_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

_CLONE_THREAD = 0x00010000
_CLONE_NEW = 0x7E020080  # every CLONE_NEW*, the namespace of time too
_TERMINAL = (0x5401, 0x5413)  # TCGETS, TIOCGWINSZ: asked by whoever prints
_CLOSE_ON_EXEC = (0x5450, 0x5451)  # FIONCLEX, FIOCLEX


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A kind of processor: its mark in the filter, and its column in the tables."""

    mark: int
    column: int


MACHINES: Mapping[str, Machine] = {
    "x86_64": Machine(mark=0xC000003E, column=0),
    "aarch64": Machine(mark=0xC00000B7, column=1),
}
"""By what ``uname`` calls them."""


def filter_for(machine: str, *, processes: bool) -> bytes:
    """Return a seccomp filter as the kernel takes it: 8 bytes an instruction.

    Args:
        machine: As ``uname`` names it.
        processes: Whether the program may start others.

    Raises:
        SetupError: No list of calls was made for this machine.
    """
    if machine not in MACHINES:
        raise SetupError(
            f"no seccomp filter is made for {machine[:40]!r}",
            hint=f"sandboxes need one of {', '.join(MACHINES)}",
        )
    kind = MACHINES[machine]
    asked = {name: numbers[kind.column] for name, numbers in ASKED.items()}
    plain = {**ALLOWED, **PROCESSES} if processes else ALLOWED
    return b"".join([
        _load(_MACHINE),
        # Calls of another machine (32-bit ones on x86-64) have other numbers.
        _jump(_EQUAL, kind.mark, yes=1, no=0),
        _end(_KILL),
        _load(_NUMBER),
        *_plain(plain, kind),
        # glibc then falls back to clone, whose flags a filter can see.
        *_when(asked["clone3"], [_end(_FAIL | errno.ENOSYS)]),
        *_when(asked["clone"], _clone(processes=processes)),
        *_when(asked["ioctl"], _one_of(1, (*_TERMINAL, *_CLOSE_ON_EXEC))),
        *_when(asked["prlimit64"], _one_of(0, (0,))),  # its own limits only
        _end(_FAIL | errno.EPERM),
    ])  # fmt: skip


def _plain(names: Numbers, machine: Machine) -> list[bytes]:
    steps: list[bytes] = []
    for numbers in names.values():
        steps += _when(numbers[machine.column], [_end(_ALLOW)])
    return steps


def _clone(*, processes: bool) -> list[bytes]:
    """Allow threads, and processes if they are allowed; never a new namespace."""
    bits = [_load(_ARGUMENTS), _jump(_ANY_BIT, _CLONE_NEW, yes=0, no=1), _refuse()]
    if not processes:
        bits += [_jump(_ANY_BIT, _CLONE_THREAD, yes=1, no=0), _refuse()]
    return [*bits, _end(_ALLOW)]


def _one_of(argument: int, values: tuple[int, ...]) -> list[bytes]:
    """Allow a call whose argument (its lower half) is one of few."""
    steps = [_load(_ARGUMENTS + 8 * argument)]
    for value in values:
        steps += [_jump(_EQUAL, value, yes=0, no=1), _end(_ALLOW)]
    return [*steps, _refuse()]


def _when(number: int | None, steps: list[bytes]) -> list[bytes]:
    """Do the steps, which end with a return, for one call; none if there is none."""
    if number is None:
        return []
    return [_jump(_EQUAL, number, yes=0, no=len(steps)), *steps]


def _load(offset: int) -> bytes:
    return _instruction(_LOAD, 0, 0, offset)


def _jump(code: int, value: int, *, yes: int, no: int) -> bytes:
    return _instruction(code, yes, no, value)


def _end(value: int) -> bytes:
    return _instruction(_RETURN, 0, 0, value)


def _refuse() -> bytes:
    return _end(_FAIL | errno.EPERM)


def _instruction(code: int, yes: int, no: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
