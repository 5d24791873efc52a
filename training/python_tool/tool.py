"""The Python tool: runs programs of a model in warm boxes (box.py) and says how each ended.

    with PythonTool(Limits(cpu_seconds=2), workers=2) as tool:
        tool.run("print(6 * 7)")          # Result(outcome="ok", stdout="42\\n", ...)

What a program can say is its output and, among failures, which one it was. That it ended by itself with status 0, what
it used and at which limit it was stopped comes from the kernel and from this side of its pipes.
"""

import os
import queue
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Literal, Self

from training.python_tool import server
from training.python_tool.box import PAPER_LIMITS, Box, Limits, Report

Outcome = Literal["ok", "error", "denied", "limit"]


@dataclass(frozen=True)
class Result:
    """How one program ended."""

    outcome: Outcome
    """ok: exit status 0; denied: ended by a refusal; limit: stopped by a limit, or ended by running into one; error:
    ended by its own fault."""
    reason: str
    """Exit status, signal or limit; empty for ok."""
    stdout: str
    """UTF-8; bytes that are none are U+FFFD. Up to the output limit."""
    stderr: str
    """The same; ends with the traceback of an exception that was not caught."""
    seconds: float
    """From order to answer, without the wait for a free box."""
    cpu_seconds: float


class PythonTool:
    """Runs programs, each alone and from the same fresh start; from any thread, `workers` at a time.

    Raises SandboxError at the start where programs cannot be locked in: there is no other way to run them.
    """

    def __init__(self, limits: Limits = PAPER_LIMITS, workers: int = 1) -> None:
        self.limits = limits
        self._boxes: queue.LifoQueue[Box | None] = queue.LifoQueue()
        """Free boxes; None: one that is yet to be made."""
        for _ in range(workers - 1):
            self._boxes.put(None)
        self._boxes.put(Box(limits))
        self._threads = ThreadPoolExecutor(workers, "python_tool")
        self._workers = workers

    def run(self, program: str, before: Sequence[str] = ()) -> Result:
        """Run a program. `before`: earlier programs of the same answer, run silently first for the names they leave;
        their time counts."""
        box = self._boxes.get()
        try:
            box = box or Box(self.limits)
            start = monotonic()
            report = box.run([*before, program])
            seconds = monotonic() - start
        except BaseException:  # an interrupt too: a box with a program in it must not be used again
            if box is not None:
                box.close()
            raise
        finally:
            self._boxes.put(box if box is not None and box.alive else None)
        outcome, reason = judge(report, self.limits)
        stdout, stderr = (text.decode("utf-8", "replace") for text in (report.stdout, report.stderr))
        return Result(outcome, reason, stdout, stderr, seconds, report.cpu_seconds)

    def run_many(self, programs: Sequence[Sequence[str]]) -> list[Result]:
        """Each is the blocks of an answer: the last is run as a program, those before it as `before`."""
        return list(self._threads.map(lambda blocks: self.run(blocks[-1], blocks[:-1]), programs))

    def close(self) -> None:
        """Wait for running programs and end all boxes."""
        self._threads.shutdown()
        for _ in range(self._workers):
            box = self._boxes.get()
            if box is not None:
                box.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def judge(report: Report, limits: Limits) -> tuple[Outcome, str]:
    """Outcome and reason, from a program's wait status and from what stopped it."""
    if report.stopped:
        return "limit", report.stopped
    if os.WIFSIGNALED(report.status):
        number = os.WTERMSIG(report.status)
        if number != signal.SIGKILL:
            return "error", signal.Signals(number).name
        # Nobody in its namespace can kill a namespace's first process: this is the kernel.
        return "limit", "CPU time" if report.cpu_seconds > 0.5 * limits.cpu_seconds else "memory of the machine"
    status = os.WEXITSTATUS(report.status)
    if status == 0:
        return "ok", ""
    if status == server.DENIED:
        return "denied", "refused"
    if status == server.LIMIT:
        return "limit", "memory, threads or files"
    return "error", f"exit status {status}"
