"""Where training jobs run: one interface, and the backend that runs them on this machine.

A deployment chooses by MATHQUARRY_TRAINING_BACKEND. Jobs resume from their own checkpoints, so running one again is
safe.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Protocol

import psutil

PROJECT = Path(__file__).resolve().parents[1]
TERM_SECONDS = 10.0  # torchrun forwards SIGTERM to its ranks; what is still there after this is killed
KILL_SECONDS = 30.0  # a killed process goes when the kernel lets it: soon, but not before the signal's sender goes on
LAST_LINE_BYTES = 1 << 16


class JobState(Enum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class BackendError(ValueError):
    """No such backend, or this backend cannot run such a job; the message says what to change."""


@dataclass(frozen=True)
class TrainingJob:
    """All that a scheduler must know to run a training stage."""

    module: str
    """The stage, such as training.sft."""
    arguments: tuple[str, ...] = ()
    nodes: int = 1
    gpus_per_node: int = 0
    """One process a GPU; 0: one process on the CPU."""
    image: str = ""
    """Container image; empty: the jobs' environment beside this checkout."""
    time_limit: timedelta = timedelta(days=1)
    """For schedulers that want it beforehand; Airflow's own time limit is the same, and cancels the job."""
    resume: bool = True
    """Go on from the stage's newest checkpoint; False: begin anew."""
    log_address: str = ""
    """File or URI that takes the job's output."""
    environment: Mapping[str, str] = field(default_factory=dict)


class Backend(Protocol):
    """What Airflow needs of a place that runs training jobs."""

    def submit(self, job: TrainingJob) -> str:
        """Start a job and return its id. Raises BackendError where it cannot run there."""

    def poll(self, job_id: str) -> JobState: ...

    def cancel(self, job_id: str) -> None:
        """End the job with all its processes; one that ended already is no error. Returns when they are gone, raises
        BackendError where they do not go."""

    def log_address(self, job_id: str) -> str: ...


def torchrun(job: TrainingJob, python: str) -> list[str]:
    """The command that runs a job on one machine."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={max(1, job.gpus_per_node)}"]
    fresh = () if job.resume else ("--no-resume",)
    return [python, *launcher, "-m", job.module, *job.arguments, *fresh]


class LocalBackend:
    """torchrun on this machine, each job in a process group of its own."""

    def __init__(self) -> None:
        self._python = os.environ.get("MATHQUARRY_JOBS_PYTHON") or str(PROJECT / ".venv" / "bin" / "python")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, str] = {}

    def submit(self, job: TrainingJob) -> str:
        if job.nodes != 1 or job.image:
            asked = f"{job.nodes} nodes" if job.nodes != 1 else f"image {job.image!r}"
            raise BackendError(
                f"{job.module}: the local backend runs on this machine, without a container; it was asked for {asked}. "
                "Unset MATHQUARRY_TRAINING_NODES and MATHQUARRY_TRAINING_IMAGE, or choose another backend."
            )
        Path(job.log_address).parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", **job.environment}
        with open(job.log_address, "ab") as log:
            process = subprocess.Popen(
                torchrun(job, self._python), cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        job_id = str(process.pid)
        self._processes[job_id], self._logs[job_id] = process, job.log_address
        return job_id

    def poll(self, job_id: str) -> JobState:
        code = self._processes[job_id].poll()
        if code is None:
            return JobState.RUNNING
        return JobState.FAILED if code else JobState.SUCCEEDED

    def cancel(self, job_id: str) -> None:
        process = self._processes[job_id]
        _end_group(process.pid, signal.SIGTERM, TERM_SECONDS)
        _end_group(process.pid, signal.SIGKILL, KILL_SECONDS)
        if left := _living(process.pid):
            raise BackendError(f"job {job_id}: killed, but {left} still run; see why with ps -o pid,stat,wchan")
        process.wait()

    def log_address(self, job_id: str) -> str:
        return self._logs[job_id]


def _end_group(group: int, number: int, seconds: float) -> None:
    """Signal every process of a group, once, and wait until all are gone or the time is over."""
    if not _living(group):
        return
    with suppress(ProcessLookupError):  # the last one has just gone
        os.killpg(group, number)
    deadline = time.monotonic() + seconds
    while _living(group) and time.monotonic() < deadline:
        time.sleep(0.05)


def _living(group: int) -> list[int]:
    """Pids of the group's processes, without those that have ended and wait to be reaped: where nothing reaps orphans,
    as in a container without an init, these stay for ever."""
    found = []
    for process in psutil.process_iter(["status"]):
        try:
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except ProcessLookupError:
            continue  # it has just gone
    return found


BACKENDS: dict[str, type[Backend]] = {"local": LocalBackend}


def backend() -> Backend:
    """The backend of this deployment. Raises BackendError for a name that does not exist."""
    name = os.environ.get("MATHQUARRY_TRAINING_BACKEND", "").strip() or "local"
    if name not in BACKENDS:
        raise BackendError(f"MATHQUARRY_TRAINING_BACKEND={name!r}: there is no such backend; there are {[*BACKENDS]}")
    return BACKENDS[name]()


class LogTail:
    """The lines that a growing log file gained since it was last asked."""

    def __init__(self, path: str) -> None:
        self._path, self._position, self._rest = path, 0, b""

    def new_lines(self) -> Iterator[str]:
        with open(self._path, "rb") as log:
            log.seek(self._position)
            data = self._rest + log.read()
            self._position = log.tell()
        *lines, self._rest = data.replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > LAST_LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        yield from (line.decode(errors="replace") for line in lines if line.strip())
