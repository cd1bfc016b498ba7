"""The filter decides as it should for every call and argument.

The kernel's own answers are in ``tests/attacks/test_sandbox.py``.
"""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import SetupError
from strongroom.sandboxes.calls import ALLOWED, ASKED, PROCESSES
from strongroom.sandboxes.seccomp import MACHINES, filter_for

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
THREAD = 0x3D0F00  # what glibc asks for: memory, files, signals, thread ...
NAMES = list(MACHINES)


def decide(code: bytes, number: int, mark: int, *arguments: int) -> int:
    """Return what a filter answers: the four instructions that ours is made of."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    call = struct.pack("=IIQ6Q", number, mark, 0, *padded)
    steps = [*struct.iter_unpack("=HBBI", code)]
    at, held = 0, 0
    while True:
        kind, yes, no, value = steps[at]
        at += 1
        if kind == 0x20:
            held = struct.unpack_from("=I", call, value)[0]
        elif kind == 0x06:
            return int(value)
        else:
            hit = held == value if kind == 0x15 else held & value
            at += yes if hit else no


def calls(machine: str, *, processes: bool = False) -> tuple[bytes, int, int]:
    kind = MACHINES[machine]
    return filter_for(machine, processes=processes), kind.mark, kind.column


@pytest.mark.parametrize("machine", NAMES)
@pytest.mark.parametrize("processes", [False, True])
def test_what_is_listed_is_allowed_and_nothing_else(
    machine: str, processes: bool
) -> None:
    code, mark, column = calls(machine, processes=processes)
    listed = {**ALLOWED, **PROCESSES} if processes else ALLOWED
    allowed = {numbers[column] for numbers in listed.values()}
    asked = {numbers[column] for numbers in ASKED.values()}
    for number in {*range(600)} - asked:
        expected = ALLOW if number in allowed else REFUSE
        assert decide(code, number, mark) == expected, number


@given(st.integers(0, 2**32 - 1), st.sampled_from(NAMES))
def test_calls_by_another_machines_numbers_end_the_program(
    number: int, machine: str
) -> None:
    code, mark, _ = calls(machine)
    assert decide(code, number, mark ^ 0x40000000) == KILL
    assert decide(code, number | 0x40000000, mark) == REFUSE  # x32


@pytest.mark.parametrize("machine", NAMES)
def test_threads_are_allowed_and_processes_only_if_asked_for(machine: str) -> None:
    for processes in (False, True):
        code, mark, column = calls(machine, processes=processes)
        clone = ASKED["clone"][column] or 0
        assert decide(code, clone, mark, THREAD) == ALLOW
        other = ALLOW if processes else REFUSE
        assert decide(code, clone, mark, 17) == other  # SIGCHLD: what fork asks for


@given(
    st.sampled_from([0x80, *(1 << bit for bit in (17, 25, 26, 27, 28, 29, 30))]),
    st.integers(0, 2**64 - 1),
    st.booleans(),
)
def test_no_new_namespace_is_ever_made(namespace: int, flags: int, many: bool) -> None:
    code, mark, column = calls("x86_64", processes=many)
    clone, clone3 = ASKED["clone"][column] or 0, ASKED["clone3"][column] or 0
    assert decide(code, clone, mark, flags | namespace) == REFUSE
    assert decide(code, clone3, mark, flags) == 0x00050000 | errno.ENOSYS


def test_a_terminal_is_asked_for_its_kind_and_nothing_else() -> None:
    code, mark, column = calls("x86_64")
    ioctl = ASKED["ioctl"][column] or 0
    assert decide(code, ioctl, mark, 1, 0x5401) == ALLOW
    assert decide(code, ioctl, mark, 1, 0x5412) == REFUSE  # TIOCSTI types for others


def test_limits_of_others_are_not_touched() -> None:
    code, mark, column = calls("x86_64")
    number = ASKED["prlimit64"][column] or 0
    assert decide(code, number, mark, 0, 7) == ALLOW
    assert decide(code, number, mark, 1, 7) == REFUSE


def test_a_machine_without_a_list_has_no_sandbox() -> None:
    with pytest.raises(SetupError, match="riscv64"):
        filter_for("riscv64", processes=False)


def test_the_filter_fits_the_kernel() -> None:
    for machine in NAMES:
        assert len(filter_for(machine, processes=True)) // 8 < 4096
