"""The numbers of system calls are those that libseccomp knows."""

from __future__ import annotations

import ctypes
import ctypes.util

from strongroom.sandboxes.calls import ALLOWED, ASKED, PROCESSES, Numbers
from strongroom.sandboxes.seccomp import MACHINES
from tests.conftest import require

NEVER = {
    "socket", "ptrace", "process_vm_readv", "mount", "umount2", "pivot_root", "chroot",
    "unshare", "setns", "bpf", "keyctl", "add_key", "request_key", "io_uring_setup",
    "perf_event_open", "userfaultfd", "init_module", "finit_module", "kexec_load",
    "memfd_create", "memfd_secret", "shmget", "msgget", "semget", "open_by_handle_at",
    "symlink", "symlinkat", "link", "linkat", "mknod", "mknodat", "chmod", "fchmod",
    "fchmodat", "chown", "fchown", "setxattr", "fsetxattr", "fallocate", "quotactl",
    "personality", "openat2", "process_madvise", "pidfd_getfd", "fanotify_init",
}  # fmt: skip

LISTED: Numbers = {**ALLOWED, **PROCESSES, **ASKED}


def test_every_number_is_right() -> None:
    name = ctypes.util.find_library("seccomp")
    require("libseccomp2", present=name is not None)
    resolve = ctypes.CDLL(name).seccomp_syscall_resolve_name_arch
    resolve.argtypes = (ctypes.c_uint32, ctypes.c_char_p)
    for machine in MACHINES.values():
        for call, numbers in LISTED.items():
            known = resolve(machine.mark, call.encode())
            ours = numbers[machine.column]
            # libseccomp gives calls that a machine lacks negative numbers.
            assert (known if known >= 0 else None) == ours, call


def test_nothing_that_reaches_out_is_allowed() -> None:
    assert NEVER.isdisjoint(LISTED)
