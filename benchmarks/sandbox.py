"""Runs a set of programs, hostile ones among them, in the Python tool, and checks what no row can show.

    python benchmarks/sandbox.py PROGRAMS.jsonl OUT.jsonl [--cpu 2] [--wall 5] [--speed 300]

PROGRAMS rows are {id, code, ...}; OUT rows {id, outcome, stdout, seconds}. While they run, this process has a variable
SECRET_TOKEN in its environment, a gold answer in memory and a listener on 127.0.0.1, whose port replaces 22 in programs
that try it. After each program: no process of it is left, its scratch folder is gone, and the next program gets
the right answer. After all: the listener was never called, no secret came out, every answer was in time, the box has no
other place to write than the scratch folder, and the folders where programs like to leave something hold nothing new.
The whole set runs twice: one by one, and several at once from other threads; both must say the same. Exits with 1 where
a check fails.

--speed N then measures N warm runs of a small program: one after another, and as many at once as there are cores.
"""

import argparse
import json
import os
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

from training.python_tool.box import Limits
from training.python_tool.tool import PythonTool, Result

SECRET, GOLD = "canary-of-the-environment", "gold answer 7919"
SMALL = "print(sum(range(1, 101)))"
NEXT = "import os\nprint(os.listdir('.'), 6 * 7)"
ANSWER_TO_NEXT = "[] 42\n"
WRITABLE = """
import os
for folder, _, _ in os.walk("/"):
    try:
        open(os.path.join(folder, "written"), "w").close()
        print(folder)
    except OSError:
        pass
"""
WATCHED = ("/", "/usr", "/etc", "/var/tmp", str(Path.home()), str(Path.cwd()))
SLACK = 1.0
"""Seconds over the wall limit within which an answer is in time."""


@dataclass(frozen=True)
class Program:
    id: str
    code: str


@dataclass(frozen=True)
class Ran:
    """A program's result, and what was found wrong after it."""

    program: Program
    result: Result
    faults: tuple[str, ...]


def read_programs(path: Path, port: int) -> list[Program]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Program(r["id"], r["code"].replace('("127.0.0.1", 22)', f'("127.0.0.1", {port})')) for r in rows]


def run_checked(tool: PythonTool, program: Program) -> Ran:
    """Run a program, look for what it left, and run another one in the same box."""
    processes = descendants()
    result = tool.run(program.code)
    faults = secrets_in(result)
    if left := descendants() - processes:
        faults.append(f"{len(left)} processes left")
    after = tool.run(NEXT)
    if after.stdout != ANSWER_TO_NEXT:
        faults.append(f"the next program answered {after.stdout!r}, {after.outcome}")
    return Ran(program, result, (*faults, *late(tool, result)))


def secrets_in(result: Result) -> list[str]:
    return [f"{secret} came out" for secret in (SECRET, GOLD) if secret in result.stdout + result.stderr]


def late(tool: PythonTool, result: Result) -> list[str]:
    in_time = result.seconds <= tool.limits.wall_seconds + SLACK
    return [] if in_time else [f"answered after {result.seconds:.1f} s"]


def descendants() -> set[int]:
    """Processes below this one."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found, last = {os.getpid()}, set[int]()
    while found != last:
        last, found = found, found | {pid for pid, parent in parents.items() if parent in found}
    return found - {os.getpid()}


def stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; empty where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds() -> float:
    """Processor time of this process, of those below it and of those that they waited for."""
    ticks = sum(int(field) for pid in descendants() for field in stat(pid)[11:15])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def listing() -> set[str]:
    return {str(entry) for folder in WATCHED if os.access(folder, os.R_OK) for entry in Path(folder).iterdir()}


def run_all(tool: PythonTool, programs: Sequence[Program], out: Path) -> Iterator[str]:
    """Runs the set one by one and several at once, writes OUT, and tells every fault."""
    before = listing()
    ran = [run_checked(tool, program) for program in programs]
    yield from (f"{r.program.id}: {fault}" for r in ran for fault in r.faults)
    writable = tool.run(WRITABLE).stdout.split()
    if writable != ["/scratch"]:
        yield f"the box can be written at {writable}"
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda p: tool.run(p.code), programs))
    for first, second in zip(ran, together, strict=True):
        if (first.result.outcome, first.result.stdout[:1000]) != (second.outcome, second.stdout[:1000]):
            yield f"{first.program.id}: {first.result.outcome} alone, {second.outcome} ({second.reason}) beside others"
        yield from (f"{first.program.id}, beside others: {fault}" for fault in late(tool, second) + secrets_in(second))
    if new := listing() - before:
        yield f"new on this machine: {sorted(new)}"
    with out.open("w", encoding="utf-8") as lines:
        for r in ran:
            row = {"id": r.program.id, "outcome": r.result.outcome, "stdout": r.result.stdout}
            lines.write(json.dumps(row | {"seconds": round(r.result.seconds, 4)}) + "\n")


def measure(tool: PythonTool, runs: int) -> None:
    """Warm runs of a small program: how long one takes, and how many there are in a second."""
    together = [[SMALL]] * runs
    print("| runs | median ms | 95% ms | programs/s | processor ms a program |\n| --- | --- | --- | --- | --- |")
    for name, run in (
        ("one after another", lambda: [tool.run(SMALL) for _ in range(runs)]),
        (f"{os.cpu_count()} at once", lambda: tool.run_many(together)),
    ):
        run()  # warm
        start, cpu = time.monotonic(), cpu_seconds()
        results = run()
        seconds, cpu = time.monotonic() - start, cpu_seconds() - cpu
        wrong = [r for r in results if r.stdout != "5050\n"]
        assert not wrong, wrong[:1]
        each = sorted(1000 * r.seconds for r in results)
        print(f"| {name} | {statistics.median(each):.1f} | {each[int(0.95 * runs)]:.1f} | {runs / seconds:.0f} "
              f"| {1000 * cpu / runs:.1f} |")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cpu", type=int, default=2, help="seconds of processor time for a program")
    parser.add_argument("--wall", type=float, default=5.0, help="seconds of time for a program")
    parser.add_argument("--speed", type=int, default=0, help="warm runs to measure")
    options = parser.parse_args()
    os.environ["SECRET_TOKEN"] = SECRET
    limits = Limits(cpu_seconds=options.cpu, wall_seconds=options.wall)
    with socket.create_server(("127.0.0.1", 0)) as listener, PythonTool(limits, workers=os.cpu_count() or 1) as tool:
        programs = read_programs(options.programs, listener.getsockname()[1])
        faults = list(run_all(tool, programs, options.out))
        listener.settimeout(0)
        try:
            listener.accept()
            faults.append("a program called the listener on 127.0.0.1")
        except BlockingIOError:
            pass
        print(f"{len(programs)} programs, twice; {len(faults)} faults", *faults, sep="\n  ")
        if options.speed:
            measure(tool, options.speed)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
