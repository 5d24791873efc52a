"""The system calls that a program may make, as a seccomp filter of the kernel (x86-64).

A list of what is allowed, not of what is forbidden: a call that nobody thought of is refused. Refused calls return
EPERM, which Python raises as PermissionError; calls newer than KNOWN return ENOSYS, so that the C library falls back.
No call starts a process, runs a file, opens a socket, traces, signals another process, mounts, makes a namespace or
creates memory that limits do not count. Threads are allowed.
"""

import errno
import struct
from collections.abc import Iterable

ALLOWED = """
read 0, write 1, open 2, close 3, stat 4, fstat 5, lstat 6, poll 7, lseek 8, mmap 9, mprotect 10, munmap 11, brk 12,
rt_sigaction 13, rt_sigprocmask 14, rt_sigreturn 15, pread64 17, pwrite64 18, readv 19, writev 20, access 21, pipe 22,
select 23, sched_yield 24, mremap 25, msync 26, mincore 27, madvise 28, dup 32, dup2 33, pause 34, nanosleep 35,
getitimer 36, alarm 37, setitimer 38, getpid 39, exit 60, wait4 61, uname 63, fcntl 72, fsync 74, fdatasync 75,
truncate 76, ftruncate 77, getdents 78, getcwd 79, chdir 80, fchdir 81, rename 82, mkdir 83, rmdir 84, creat 85,
link 86, unlink 87, symlink 88, readlink 89, chmod 90, fchmod 91, umask 95, gettimeofday 96, getrlimit 97, getrusage 98,
sysinfo 99, times 100, getuid 102, getgid 104, geteuid 107, getegid 108, getppid 110, getpgrp 111, getgroups 115,
getresuid 118, getresgid 120, getpgid 121, getsid 124, rt_sigpending 127, rt_sigtimedwait 128, rt_sigsuspend 130,
sigaltstack 131, utime 132, statfs 137, fstatfs 138, arch_prctl 158, gettid 186, time 201, futex 202,
sched_getaffinity 204, getdents64 217, set_tid_address 218, restart_syscall 219, fadvise64 221, clock_gettime 228,
clock_getres 229, clock_nanosleep 230, exit_group 231, epoll_wait 232, epoll_ctl 233, tgkill 234, openat 257,
mkdirat 258, newfstatat 262, unlinkat 263, renameat 264, linkat 265, symlinkat 266, readlinkat 267, fchmodat 268,
faccessat 269, pselect6 270, ppoll 271, set_robust_list 273, get_robust_list 274, utimensat 280, epoll_pwait 281,
eventfd2 290, epoll_create1 291, dup3 292, pipe2 293, preadv 295, pwritev 296, getcpu 309, renameat2 316, getrandom 318,
membarrier 324, copy_file_range 326, statx 332, rseq 334, faccessat2 439
"""
"""Names and numbers of the x86-64 table. tgkill reaches only a program's own threads: it is alone in its namespace."""

TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x5421, 0x5450, 0x5451, 0x541B)
"""ioctl: TCGETS (is this a terminal?), TIOCGWINSZ, FIONBIO, FIONCLEX, FIOCLEX, FIONREAD."""
THREAD_NAMES = (15, 16)
"""prctl: PR_SET_NAME, PR_GET_NAME."""
IOCTL, CLONE, PRCTL, PRLIMIT64 = 16, 56, 157, 302
CLONE_THREAD = 0x00010000
KNOWN = 434
"""Higher numbers are of Linux 5.4 and later; clone3 is the first that the C library tries."""

_LOAD, _EQUAL, _GREATER, _SET, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
_X86_64 = 0xC000003E
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(error: int) -> bytes:
    return _step(_RETURN, _ERRNO | error)


def _only(number: int, checks: Iterable[bytes]) -> bytes:
    """For call `number`: the checks; for any other: what follows."""
    block = b"".join(checks)
    return _step(_EQUAL, number, 0, len(block) // 8) + block


def _argument(place: int) -> bytes:
    """Loads the low half of an argument: the kernel reads these as 32-bit numbers, or has no flag in the high half."""
    return _step(_LOAD, _ARGUMENTS + 8 * place)


def _one_of(place: int, values: Iterable[int]) -> list[bytes]:
    allow = _step(_RETURN, _ALLOW)
    return [_argument(place), *(_step(_EQUAL, v, 0, 1) + allow for v in values), _refuse(errno.EPERM)]


def allowed_numbers() -> list[int]:
    return [int(entry.split()[1]) for entry in ALLOWED.replace("\n", " ").split(",")]


def seccomp_filter() -> bytes:
    """The filter as an array of `struct sock_filter`, 8 bytes each."""
    allow = _step(_RETURN, _ALLOW)
    steps = [
        _step(_LOAD, _MACHINE),
        _step(_EQUAL, _X86_64, 1, 0) + _step(_RETURN, _KILL_PROCESS),  # 32-bit calls have other numbers
        _step(_LOAD, _NUMBER),
        *(_step(_EQUAL, number, 0, 1) + allow for number in allowed_numbers()),
        _only(CLONE, [_argument(0), _step(_SET, CLONE_THREAD, 0, 1), allow, _refuse(errno.EPERM)]),
        _only(IOCTL, _one_of(1, TERMINAL_QUESTIONS)),
        _only(PRCTL, _one_of(0, THREAD_NAMES)),
        _only(PRLIMIT64, _one_of(0, (0,))),  # of the process itself
        _step(_GREATER, KNOWN, 0, 1) + _refuse(errno.ENOSYS),
        _refuse(errno.EPERM),
    ]
    return b"".join(steps)
