"""Runs inside the box: loads the libraries once, then forks a child for every program.

Started by box.py as a file of its own, it imports nothing of ours. It never reads a program, its output or its
channels: the descriptors come with the order and go to the child. What it reports is what the kernel says of the child.

    from the other side    settings; then for each program "run" with descriptors (program, stdout, stderr); "kill"
    from here              "ready"; then for each program a report, as JSON

A child is the first process of a PID namespace of its own: it sees nobody, and nothing of it survives it. Its scratch
folder is a file system made for it. It gives up all privileges, and enters the filter of system_calls.py, before it
reads the program; if any of that fails it ends without reading it.
"""

import atexit
import builtins
import contextlib
import ctypes
import errno
import gc
import importlib
import io
import json
import linecache
import os
import random
import resource
import select
import signal
import socket
import sys
import threading
import traceback
import types
from collections.abc import Iterator
from typing import NoReturn, TypedDict

SCRATCH = "/scratch"
PROGRAM = "<program>"
FRAMES = 20
"""Frames of a traceback that are printed, the last ones."""
LIBRARIES = ("numpy", "sympy", "mpmath", "scipy")
PRELOADED = (
    "collections", "dataclasses", "datetime", "decimal", "fractions", "functools", "heapq", "itertools", "math",
    "operator", "re", "statistics", "string", "time", "typing", "warnings", "numpy", "sympy",
)  # fmt: skip
"""What most programs import. Not SciPy: it would double the memory, and with it the time of every fork."""
DENIED, LIMIT, NOT_WRITTEN = 121, 122, 120
"""Exit statuses that tell a refusal and a limit from other failures. A program may claim them: it fails either way."""
CLONE_NEWPID = 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MNT_DETACH = 2, 4, 8, 2
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
CAPABILITY_VERSION_3 = 0x20080522
EXHAUSTED = {errno.ENOSPC, errno.EFBIG, errno.EMFILE, errno.ENOMEM, errno.EDQUOT, errno.EAGAIN}

kernel = ctypes.CDLL(None, use_errno=True)


class Settings(TypedDict):
    """What box.py sends first."""

    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    processes: int
    open_files: int
    seccomp: str
    """The filter, in hexadecimal."""
    user: int
    """Uid of the child; 0: keep the one of the box, which is not root outside."""


class _Filter(ctypes.Structure):
    _fields_ = (("count", ctypes.c_ushort), ("steps", ctypes.c_char_p))


class Ended(TypedDict):
    """The report on a program."""

    status: int
    """Wait status."""
    cpu_seconds: float
    entered: str
    """"entered", or why the program was not read."""


def serve(control: socket.socket) -> None:
    settings: Settings = json.loads(control.recv(1 << 16))
    preload()
    gc.freeze()  # a collection in a child would copy every page that it marks
    here = os.pidfd_open(os.getpid())
    control.send(b"ready")
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, 16, 3)
        if not order:
            return
        if order == b"run":
            control.send(json.dumps(run(control, settings, here, descriptors)).encode())


def preload() -> None:
    """Import what programs use, and make SymPy import what it imports late. Programs draw the same numbers each time:
    a reward must not depend on luck."""
    sys.path.append("/packages")
    for name in PRELOADED:
        importlib.import_module(name)
    import numpy
    from sympy import Rational, Symbol, integrate, simplify, solve, sqrt

    numpy.random.seed(0)
    x = Symbol("x")
    str((solve(x**2 - x - 1), simplify(sqrt(8) / 2), integrate(x * Rational(1, 2), x)))


def run(control: socket.socket, settings: Settings, here: int, descriptors: list[int]) -> Ended:
    """Fork a child for one program, wait for its end or the order to kill it, and report."""
    check(kernel.mount(b"program", SCRATCH.encode(), b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                       f"size={settings['file_bytes']},nr_inodes=1000,mode=0777".encode()))  # fmt: skip
    told, tell = os.pipe()
    check(kernel.unshare(CLONE_NEWPID))
    child = os.fork()
    if child == 0:
        be_program(settings, descriptors, tell)
    check(kernel.setns(here, CLONE_NEWPID))
    for descriptor in (*descriptors, tell):
        os.close(descriptor)
    wait(control, child)
    _, status, usage = os.wait4(child, 0)
    with open(told, "rb") as report:
        entered = report.read()
    check(kernel.umount2(SCRATCH.encode(), MNT_DETACH))
    return {
        "status": status,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "entered": entered.decode(errors="replace"),
    }


def wait(control: socket.socket, child: int) -> None:
    """Until the child has ended; an order to kill it, or the end of the other side, ends it."""
    ended = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select([ended, control.fileno()], [], [])
        if ended in ready:
            break
        control.recv(16)
        os.kill(child, signal.SIGKILL)
        select.select([ended], [], [])
    os.close(ended)


def check(result: int) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def be_program(settings: Settings, descriptors: list[int], tell: int) -> NoReturn:
    """The child. It says "entered" after it has given up everything, and only then reads the program."""
    status = 1
    try:
        os.setsid()
        for place, descriptor in zip(
            (101, 102, 103, 104), (descriptors[1], descriptors[2], descriptors[0], tell), strict=True
        ):
            os.dup2(descriptor, place)
        for place in (1, 2, 3, 4):
            os.dup2(100 + place, place)
        tell = 4
        os.closerange(5, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        os.chdir(SCRATCH)
        limit(settings)
        give_up_privileges(settings)
        os.write(tell, b"entered")
        os.close(tell)
        tell = -1
        with open(3, "rb") as program:
            *before, last = json.loads(program.read())
        status = execute(before, last)
    except BaseException as error:
        if tell != -1:
            os.write(tell, repr(error).encode())
        else:
            status = failure(error)
    finally:
        os._exit(status)


def limit(settings: Settings) -> None:
    for kind, value in (
        (resource.RLIMIT_CPU, settings["cpu_seconds"]),
        (resource.RLIMIT_AS, settings["memory_bytes"]),
        (resource.RLIMIT_FSIZE, settings["file_bytes"]),
        (resource.RLIMIT_NPROC, settings["processes"]),
        (resource.RLIMIT_NOFILE, settings["open_files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def give_up_privileges(settings: Settings) -> None:
    if settings["user"]:
        os.setgroups([])
        os.setresgid(*[settings["user"]] * 3)
        os.setresuid(*[settings["user"]] * 3)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    check(kernel.capset(header, (ctypes.c_uint32 * 6)()))
    steps = bytes.fromhex(settings["seccomp"])
    check(kernel.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    check(kernel.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_Filter(len(steps) // 8, steps))))


def execute(before: list[str], last: str) -> int:
    """Earlier blocks of the same answer silently, for the names they leave; then the last one, as `python FILE`."""
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins  # type: ignore[attr-defined]
    sys.modules["__main__"] = main
    os.environ.clear()
    sys.argv = ["program.py"]
    sys.path.insert(0, SCRATCH)
    random.seed(0)  # it draws a new seed at a fork; NumPy's is inherited
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for block in before:
        with silence(), contextlib.suppress(Exception, SystemExit):
            exec(compiled(block, "<earlier>"), vars(main))
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    status = 0
    try:
        exec(compiled(last, PROGRAM), vars(main))
    except SystemExit as exit_:
        status = exit_status(exit_)
    except BaseException as error:
        status = failure(error)
        if status == LIMIT:
            return flushed(status)  # threads that wait would keep it for the rest of its time
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    return flushed(status)


def compiled(block: str, name: str) -> types.CodeType:
    linecache.cache[name] = (len(block), None, block.splitlines(keepends=True), name)
    return compile(block, name, "exec", dont_inherit=True)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    yield


def exit_status(exit_: SystemExit) -> int:
    if exit_.code is None or isinstance(exit_.code, int):
        return (exit_.code or 0) & 0xFF
    print(exit_.code, file=sys.stderr)
    return 1


def failure(error: BaseException) -> int:
    """Print the end of the traceback, without our own frames; the status for its kind."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError):
        print("MemoryError", file=sys.stderr)  # its frames may be millions
        return LIMIT
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename != PROGRAM:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames, limit=-FRAMES)
    if number in EXHAUSTED or (isinstance(error, RuntimeError) and "can't start new thread" in str(error)):
        return LIMIT
    return DENIED if isinstance(error, PermissionError) or number == errno.EROFS else 1


def flushed(status: int) -> int:
    """Write out what is buffered; a stream that cannot be written turns success into failure, as in `python FILE`."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError as error:
            return LIMIT if error.errno in EXHAUSTED else status or NOT_WRITTEN
    return status


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
