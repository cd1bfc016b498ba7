"""The system calls that a sandboxed program may make, by name and machine.

An allow-list: what is not named fails with EPERM, so that a call which a kernel learns
later is refused too.  Not named, on purpose: sockets of any kind, every call that
mounts, traces, loads code into the kernel, makes or enters a namespace, uses keys,
io_uring or memory that no limit counts (memfd_create, System V), that makes a link or
a device, or that changes an owner, a mode or an attribute.

Source: ``asm/unistd_64.h`` and ``asm-generic/unistd.h`` of Linux 6.1, compared in
``tests/sandboxes/test_calls.py`` with what libseccomp says.
"""

from __future__ import annotations

from collections.abc import Mapping

Numbers = Mapping[str, tuple[int | None, int | None]]
"""A call's number on x86-64 and on AArch64; None where there is no such call."""

_FILES: Numbers = {
    "read": (0, 63), "write": (1, 64), "pread64": (17, 67), "pwrite64": (18, 68),
    "readv": (19, 65), "writev": (20, 66), "preadv": (295, 69), "pwritev": (296, 70),
    "close": (3, 57), "lseek": (8, 62), "open": (2, None), "openat": (257, 56),
    "stat": (4, None), "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79),
    "statx": (332, 291), "access": (21, None), "faccessat": (269, 48),
    "faccessat2": (439, 439), "getdents64": (217, 61), "mkdir": (83, None),
    "mkdirat": (258, 34), "ftruncate": (77, 46), "fsync": (74, 82),
    "fdatasync": (75, 83), "fadvise64": (221, 223), "dup": (32, 23),
    "dup2": (33, None), "dup3": (292, 24), "fcntl": (72, 25), "pipe": (22, None),
    "pipe2": (293, 59), "copy_file_range": (326, 285), "sendfile": (40, 71),
    "readlink": (89, None), "readlinkat": (267, 78), "getcwd": (79, 17),
    "chdir": (80, 49), "umask": (95, 166), "unlink": (87, None), "unlinkat": (263, 35),
    "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276),
    "rmdir": (84, None),
}  # fmt: skip

_MEMORY: Numbers = {
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216),
    "madvise": (28, 233), "brk": (12, 214),
}  # fmt: skip

_ITSELF: Numbers = {
    "futex": (202, 98), "set_robust_list": (273, 99), "rseq": (334, 293),
    "set_tid_address": (218, 96), "gettid": (186, 178), "getpid": (39, 172),
    "getppid": (110, 173), "exit": (60, 93), "exit_group": (231, 94),
    "execve": (59, 221), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "membarrier": (324, 283), "getcpu": (309, 168), "arch_prctl": (158, None),
    "prctl": (157, 167),
}  # fmt: skip

_TIME: Numbers = {
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None),
    "times": (100, 153), "getrusage": (98, 165), "getrlimit": (97, 163),
    "sysinfo": (99, 179), "uname": (63, 160), "setitimer": (38, 103),
    "getitimer": (36, 102), "getrandom": (318, 278), "poll": (7, None),
    "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72),
}  # fmt: skip

_SIGNALS: Numbers = {  # to its own process namespace; wait4 is for bubblewrap's init
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "rt_sigtimedwait": (128, 137), "sigaltstack": (131, 132), "tgkill": (234, 131),
    "restart_syscall": (219, 128), "wait4": (61, 260),
}  # fmt: skip

_IDENTITY: Numbers = {  # for ``setpriv``; without capabilities they are no use
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "getresuid": (118, 148), "getresgid": (120, 150),
    "getgroups": (115, 158), "setresuid": (117, 147), "setresgid": (119, 149),
    "setgroups": (116, 159), "capget": (125, 90), "capset": (126, 91),
}  # fmt: skip

ALLOWED: Numbers = {
    **_FILES, **_MEMORY, **_ITSELF, **_TIME, **_SIGNALS, **_IDENTITY,
}  # fmt: skip
"""Whatever their arguments are."""

PROCESSES: Numbers = {
    "fork": (57, None), "vfork": (58, None), "waitid": (247, 95), "kill": (62, 129),
}  # fmt: skip
"""Only for a job that may have several processes."""

ASKED: Numbers = {
    "clone": (56, 220), "clone3": (435, 435), "ioctl": (16, 29),
    "prlimit64": (302, 261),
}  # fmt: skip
"""Calls whose arguments decide; see ``seccomp``."""
