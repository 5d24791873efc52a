"""Runs the DAGs one after the other in this process, without a scheduler or a server: what `make demo` does.

.venv-airflow/bin/python infra/airflow/run_dags.py --lake ./lake --input sample --recipe tiny

The same tasks as in Airflow's UI, in the same order; finished stages are not done again. One line a task; each task's
whole output goes to a file. Left out on purpose: approval by a person, which needs the UI (`make ui`).
"""

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

sys.path.insert(0, str(Path(__file__).resolve().parent))
from environment import PROJECT, LocalAirflow, add_parameter_flags, as_variables, parameter_defaults
from prepare import prepare

if TYPE_CHECKING:
    from airflow.sdk import DAG

DAGS = ("crawl_to_pages", "recall_math", "build_corpus", "pretrain", "align")
FINISHED_BEFORE = "finished before: "  # what a stage logs where nothing was left to do
TAIL_LINES = 25
INTERRUPTED = 130


class Terminal:
    """What a person sees, while everything that Airflow and the jobs print goes to log files."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._out: TextIO = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
        self.log = logs / "airflow.log"
        logs.mkdir(parents=True, exist_ok=True)

    def say(self, text: str) -> None:
        self._out.write(f"{text}\n")

    def divert(self, name: str) -> Path:
        """Send standard output and error, also those of child processes, to a file from now on."""
        sys.stdout.flush()
        sys.stderr.flush()
        self.log = self._logs / f"{name}.log"
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.close(descriptor)
        return self.log


class Progress:
    """An Airflow listener: a line for each task that ended."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._started = 0.0
        self.failure: tuple[str, str] | None = None

    def running(self, task: Any) -> None:
        self._started = time.monotonic()
        self._terminal.divert(f"{task.dag_id}.{task.task_id}")

    def ended(self, task: Any, note: str = "") -> None:
        seconds = time.monotonic() - self._started
        log = self._terminal.log.read_text(errors="replace")
        if not note and FINISHED_BEFORE in log:
            note = "finished before, nothing to do"
        self._terminal.say(f"  {task.task_id:<28}{seconds:7.1f} s  {note}".rstrip())

    def failed(self, task: Any, error: object) -> None:
        self.ended(task, "FAILED")
        self.failure = self.failure or (f"{task.dag_id}.{task.task_id}", str(error))


def listen(progress: Progress) -> None:
    """Let Airflow tell `progress` of every task."""
    from airflow.listeners import hookimpl
    from airflow.sdk.listener import get_listener_manager

    class Listener:
        @hookimpl
        def on_task_instance_running(self, task_instance: Any) -> None:
            progress.running(task_instance)

        @hookimpl
        def on_task_instance_success(self, task_instance: Any) -> None:
            progress.ended(task_instance)

        @hookimpl
        def on_task_instance_skipped(self, task_instance: Any) -> None:
            progress.ended(task_instance, "skipped")

        @hookimpl
        def on_task_instance_failed(self, task_instance: Any, error: object) -> None:
            progress.failed(task_instance, error)

    get_listener_manager().add_listener(Listener())


def load_dags() -> "dict[str, DAG]":
    """Our DAGs, ready to be run here. Raises SystemExit with the traceback of one that cannot be imported."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(PROJECT / "dags"))
    if bag.import_errors:
        raise SystemExit("\n".join(f"{file}: {error}" for file, error in sorted(bag.import_errors.items())))
    for name in DAGS:
        for task in bag.dags[name].tasks:
            task.retries = 0  # someone is looking on: the first failure is theirs to see
    return {name: bag.dags[name] for name in DAGS}


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM end this process and all that it started (Airflow takes SIGTERM itself while a task runs)."""
    terminal = os.dup(2)

    def stop(number: int, frame: object) -> None:
        import psutil

        children = psutil.Process().children(recursive=True)
        for child in children:
            child.terminate()
        _, alive = psutil.wait_procs(children, timeout=10)
        for child in alive:
            child.kill()
        os.write(terminal, b"\nstopped; finished stages are kept, the same command goes on from there\n")
        os._exit(INTERRUPTED)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(terminal)


def run_dag(dag: "DAG", parameters: dict[str, str], terminal: Terminal) -> bool:
    """Run one DAG with those of the parameters that it has; True where it succeeded."""
    conf = {name: typed(dag, name, value) for name, value in parameters.items() if name in dag.params}
    terminal.divert(dag.dag_id)
    run = dag.test(run_conf=conf)
    skipped = sum(ti.state == "skipped" for ti in run.get_task_instances())
    if skipped:
        terminal.say(f"  {skipped} tasks skipped, as {dag.dag_id}'s docstring says")
    return str(run.state) == "success"


def typed(dag: "DAG", name: str, value: str) -> object:
    """A flag's text as the form field's type."""
    return int(value) if dag.params.get_param(name).schema.get("type") == "integer" else value


def explain(failure: tuple[str, str], log: Path) -> str:
    """What failed, why, and where to read more."""
    task, reason = failure
    tail = reason.splitlines()[-TAIL_LINES:]
    return "\n".join([f"\n{task} failed:", *(f"  {line}" for line in tail), f"Its whole output: {log}"])


def report(airflow: LocalAirflow, parameters: dict[str, str]) -> list[str]:
    """The summary that the flow's last stage left, and where its page is."""
    from dags.parameters import default
    from jobs.lake.catalog import Lake
    from jobs.lake.datasets import REPORT

    lake = Lake(airflow.environment()["LAKE"])
    address = REPORT.at(parameters.get("version") or default("version", "v1"))
    lines = lake.require(address, "run_dags").figures["lines"]
    assert isinstance(lines, list)
    return ["", *map(str, lines), f"report: {lake.storage.address(f'{address.folder}/index.html')}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", default=os.environ.get("LAKE") or "./lake")
    parser.add_argument("--home", type=Path, default=PROJECT / ".airflow" / "demo", help="Airflow's database and logs")
    parser.add_argument("--dags", default=",".join(DAGS), help="which, in order")
    add_parameter_flags(parser)
    words = parser.parse_args()
    if words.review == "person":
        parser.error("--review person needs someone at the UI: run 'make ui' and trigger the DAGs there")
    parameters = parameter_defaults(words)
    airflow = LocalAirflow(words.home.resolve(), words.lake)
    os.environ.update(airflow.environment() | as_variables(parameters))
    sys.path.insert(0, str(PROJECT))
    with stoppable():
        return run(words.dags.split(","), parameters, airflow)


def run(names: list[str], parameters: dict[str, str], airflow: LocalAirflow) -> int:
    logs = airflow.home / "logs" / "tasks"
    shutil.rmtree(logs, ignore_errors=True)
    terminal, progress, started = Terminal(logs), None, time.monotonic()
    terminal.say(f"Airflow in {airflow.home}, lake {airflow.environment()['LAKE']}, each task's output in {logs}")
    terminal.divert("airflow")
    prepare()
    dags = load_dags()
    progress = Progress(terminal)
    listen(progress)
    for name in names:
        terminal.say(name)
        if not run_dag(dags[name], parameters, terminal):
            terminal.say(explain(progress.failure or (name, "see its log"), terminal.log))
            return 1
    for line in report(airflow, parameters) if "align" in names else ():
        terminal.say(line)
    terminal.say(f"done in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
