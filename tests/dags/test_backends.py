"""Training jobs on this machine: started, followed, failed and ended for real, with tiny modules for stages."""

import os
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from dags.backends import BackendError, JobState, LocalBackend, LogTail, TrainingJob, backend, torchrun

LAUNCHER = """#!/bin/sh
# Stands for the jobs' python with torchrun: runs the module that follows the second -m.
shift 4
exec {python} "$@"
"""
PATIENCE = 20.0


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Maker":
    return Maker(tmp_path, monkeypatch)


class Maker:
    """Makes jobs that run a given source text."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        launcher = folder / "python"
        launcher.write_text(LAUNCHER.format(python=os.path.realpath("/proc/self/exe")))
        launcher.chmod(0o755)
        monkeypatch.setenv("MATHQUARRY_JOBS_PYTHON", str(launcher))
        monkeypatch.setenv("PYTHONPATH", str(folder))

    def __call__(self, source: str, **settings: object) -> TrainingJob:
        (self._folder / "tiny_stage.py").write_text(source)
        return TrainingJob("tiny_stage", log_address=str(self._folder / "logs" / "job.log"), **settings)


def finish(local: LocalBackend, job_id: str) -> JobState:
    deadline = time.monotonic() + PATIENCE
    while local.poll(job_id) is JobState.RUNNING and time.monotonic() < deadline:
        time.sleep(0.05)
    return local.poll(job_id)


def test_a_job_runs_with_its_arguments_and_environment_and_its_output_is_kept(job: Maker) -> None:
    local = LocalBackend()
    source = "import os, sys; print(sys.argv[1:], os.environ['LAKE'], os.environ['OMP_NUM_THREADS'])"
    job_id = local.submit(job(source, arguments=("--recipe", "tiny"), environment={"LAKE": "/there"}))
    assert finish(local, job_id) is JobState.SUCCEEDED
    assert Path(local.log_address(job_id)).read_text() == "['--recipe', 'tiny'] /there 1\n"


def test_a_job_that_exits_with_an_error_has_failed(job: Maker) -> None:
    local = LocalBackend()
    job_id = local.submit(job("raise SystemExit('no such checkpoint')"))
    assert finish(local, job_id) is JobState.FAILED
    assert "no such checkpoint" in Path(local.log_address(job_id)).read_text()


def is_running(pid: int) -> bool:
    """False for one that has ended, reaped or not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_cancelling_ends_the_whole_process_group(job: Maker) -> None:
    local = LocalBackend()
    source = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait(); time.sleep(600)\n"
    )
    job_id = local.submit(job(source))
    tail, lines = LogTail(local.log_address(job_id)), []
    deadline = time.monotonic() + PATIENCE
    while not lines and time.monotonic() < deadline:
        lines += tail.new_lines()
        time.sleep(0.05)
    child = int(lines[0])
    assert is_running(child)
    local.cancel(job_id)
    assert local.poll(job_id) is JobState.FAILED
    assert not is_running(child)
    local.cancel(job_id)  # again: no error


def test_what_this_machine_cannot_do_is_refused(job: Maker) -> None:
    with pytest.raises(BackendError, match="asked for 4 nodes"):
        LocalBackend().submit(job("", nodes=4))
    with pytest.raises(BackendError, match="image 'trainer:1'"):
        LocalBackend().submit(job("", image="trainer:1"))


def test_an_unknown_backend_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATHQUARRY_TRAINING_BACKEND", "slurm")
    with pytest.raises(BackendError, match=r"MATHQUARRY_TRAINING_BACKEND='slurm'.*\['local'\]"):
        backend()


def test_torchruns_command_line() -> None:
    job = TrainingJob("training.sft", ("--recipe", "math_7b"), gpus_per_node=8, time_limit=timedelta(hours=2))
    assert torchrun(job, "python") == [
        "python", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=8",
        "-m", "training.sft", "--recipe", "math_7b",
    ]  # fmt: skip
    anew = TrainingJob("training.sft", resume=False)
    assert torchrun(anew, "python")[-4:] == ["--nproc-per-node=1", "-m", "training.sft", "--no-resume"]


def test_a_growing_log_gives_each_line_once_and_only_when_whole(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntw")
    tail = LogTail(str(log))
    assert list(tail.new_lines()) == ["one"]
    with log.open("ab") as stream:
        stream.write(b"o\rbar\xff\n")
    assert list(tail.new_lines()) == ["two", "bar\ufffd"]
    assert list(tail.new_lines()) == []
