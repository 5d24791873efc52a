"""One box: bubblewrap around a warm Python (server.py), as seen from outside.

It is ready once the libraries are loaded; a program then costs a fork. Orders and reports go over a socket, a program's
text and output over descriptors of its own, so that nothing of one program is ever in the server's memory.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from training.python_tool import server
from training.python_tool.bubblewrap import INSTALL, SandboxError, command, stranger
from training.python_tool.system_calls import seccomp_filter

START_SECONDS = 120.0
"""A box that is not ready by then is broken; loading SymPy without its bytecode takes some seconds."""
GRACE_SECONDS = 0.8
"""A killed program is reported in milliseconds; a box that needs longer is ended as a whole."""
CHUNK = 1 << 16
NO_ANSWER: server.Ended = {"status": signal.SIGKILL, "cpu_seconds": 0.0, "entered": "no answer"}


@dataclass(frozen=True)
class Limits:
    """What one program may use."""

    cpu_seconds: int = 10
    wall_seconds: float = 10.0
    """The paper's limit for code (paper 6)."""
    memory_bytes: int = 1 << 30
    """Address space, the interpreter and what was loaded before included (about 0.15 GB)."""
    processes: int = 32
    """Threads: other processes are refused."""
    file_bytes: int = 16 << 20
    """All files of the scratch folder together."""
    open_files: int = 64
    output_bytes: int = 1 << 20
    """Standard output; as much again for standard error."""


PAPER_LIMITS = Limits()


@dataclass(frozen=True)
class Report:
    """How a program ended: what the kernel says, and what was read from its pipes."""

    status: int
    """Wait status."""
    cpu_seconds: float
    stopped: str
    """Why it was killed from here: "wall time", "output" or nothing."""
    stdout: bytes
    stderr: bytes


class Box:
    """A warm Python in bubblewrap that runs one program at a time. Raises SandboxError where it cannot be made."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        told, tell = os.pipe()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the box)
        with theirs:
            self._bubblewrap = subprocess.Popen(
                command(theirs.fileno(), tell), pass_fds=(theirs.fileno(), tell), env={},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors,
            )  # fmt: skip
        os.close(tell)
        with open(told, "rb") as info:
            first = info.read()
        self._inside: int | None = None
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            self._inside = os.pidfd_open(json.loads(first)["child-pid"]) if first else None
        self.control.settimeout(START_SECONDS)
        try:
            self.control.send(json.dumps(self._settings()).encode())
            ready = self.control.recv(CHUNK)
        except OSError:
            ready = b""
        if ready != b"ready":
            raise self._broken("the box did not start")

    def _settings(self) -> server.Settings:
        return {
            "cpu_seconds": self.limits.cpu_seconds,
            "memory_bytes": self.limits.memory_bytes,
            "file_bytes": self.limits.file_bytes,
            "processes": self.limits.processes,
            "open_files": self.limits.open_files,
            "seccomp": seccomp_filter().hex(),
            "user": stranger() if os.geteuid() == 0 else 0,
        }

    def _broken(self, what: str) -> SandboxError:
        self.close()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()[-500:]
        return SandboxError(
            f"{what}: {said or 'it said nothing'}. It needs the right to make namespaces: run as root, or allow "
            f"unprivileged user namespaces (in a container: not Docker's default seccomp profile). {INSTALL}"
        )

    def run(self, blocks: Sequence[str]) -> Report:
        """Run a program: its last block, after the earlier ones. Raises SandboxError where the box has broken.

        A box that does not answer is ended, and the program with it.
        """
        stdout, stdout_end = os.pipe()
        stderr, stderr_end = os.pipe()
        with open(stdout, "rb", 0), open(stderr, "rb", 0):
            try:
                self._order(blocks, stdout_end, stderr_end)
                watch = Watch(self.control, stdout, stderr, self.limits)
                ended = watch.until_end()
            except ConnectionError:
                raise self._broken("the box ended by itself") from None
        if ended["entered"] == "no answer":
            self.close()
        elif ended["entered"] != "entered" and not (watch.stopped and ended["entered"] == ""):
            raise self._broken(f"a program could not be locked in ({ended['entered']})")
        return Report(ended["status"], ended["cpu_seconds"], watch.stopped, *map(bytes, watch.read))

    def _order(self, blocks: Sequence[str], stdout: int, stderr: int) -> None:
        with open(os.memfd_create("program"), "w+b") as program, open(stdout, "wb", 0), open(stderr, "wb", 0):
            program.write(json.dumps(list(blocks)).encode())
            program.seek(0)
            socket.send_fds(self.control, [b"run"], [program.fileno(), stdout, stderr])

    @property
    def alive(self) -> bool:
        return self._inside is not None

    def close(self) -> None:
        """End the box and everything in it."""
        self.control.close()
        if self._inside is not None:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                signal.pidfd_send_signal(self._inside, signal.SIGKILL)
            os.close(self._inside)
            self._inside = None
        self._bubblewrap.wait()


class Watch:
    """Reads a program's output up to the limit, and has the program killed at the first limit that it reaches."""

    def __init__(self, control: socket.socket, stdout: int, stderr: int, limits: Limits) -> None:
        self.control, self.limits = control, limits
        self.read = (bytearray(), bytearray())
        self.stopped = ""
        """The limit at which it was killed."""
        self._ended = NO_ANSWER
        self._deadline = time.monotonic() + limits.wall_seconds
        self._streams = (stdout, stderr)
        self._sources = selectors.DefaultSelector()
        self._sources.register(control, selectors.EVENT_READ)
        for stream, read in zip(self._streams, self.read, strict=True):
            os.set_blocking(stream, False)
            self._sources.register(stream, selectors.EVENT_READ, read)

    def until_end(self) -> server.Ended:
        """What the server says of the program's end, after all its output was read.

        Raises ConnectionError where the server is gone.
        """
        with self._sources:
            while self._ended is NO_ANSWER:
                left = self._deadline - time.monotonic()
                if left <= 0 and self.stopped:
                    return NO_ANSWER
                if left <= 0:
                    self._stop("wall time")
                for key, _ in self._sources.select(max(0.0, left)):
                    if key.data is None:
                        self._hear()
                    elif not self._take(key.fd, key.data):
                        self._sources.unregister(key.fd)
        for stream, read in zip(self._streams, self.read, strict=True):
            # Not up to the end of the pipe: a process that this one forked meanwhile may hold the other end.
            while len(read) < self.limits.output_bytes and self._take(stream, read):
                pass
        return self._ended

    def _take(self, stream: int, read: bytearray) -> bool:
        """Read what is there; False where nothing more will be read."""
        try:
            found = os.read(stream, CHUNK)
        except BlockingIOError:
            return False
        read += found[: self.limits.output_bytes - len(read)]
        if len(read) == self.limits.output_bytes:
            self._stop("output")
        return bool(found) and not self.stopped

    def _hear(self) -> None:
        message = self.control.recv(CHUNK)
        if not message:
            raise ConnectionError
        self._ended = json.loads(message)

    def _stop(self, why: str) -> None:
        if not self.stopped:
            self.stopped = why
            self._deadline = time.monotonic() + GRACE_SECONDS
            if self._ended is NO_ANSWER:
                self.control.send(b"kill")
