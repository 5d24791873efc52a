"""One full round on generated crawls of growing size: time, memory and bytes of every stage, and cost per page.

    python benchmarks/scale.py FOLDER --pages 50000 200000 1000000

Makes each crawl (benchmarks/scale_crawl.py) in FOLDER/PAGES, then runs the stages one after another, each as a process
of its own as a user would start it; before all, and in no table, a small round that compiles the kernels of a new
checkout. Every finished stage is a line in FOLDER/PAGES/measured.jsonl; a rerun goes on after the last one. `--report`
prints the tables of what is there and runs nothing.

Processor time is that of the stage's whole process tree: driver, JVM and Python workers. The kernel's account of ended
processes lacks workers (PySpark's daemon lets them go unaccounted), and half-second samples of running ones lack last
moments: the larger of the two is told. Memory is the proportional set size of the tree at a sample; bytes written are
those that the stage added to the lake; temporary bytes are the most that Spark held on disk at a sample. Linux only.
"""

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
MEASURED = "measured.jsonl"
SAMPLE_SECONDS = 0.5
BECOME_SUBREAPER = 36  # prctl: what a stage leaves behind when it ends becomes our child, and its time is counted
MADE = "generate"  # counts in no total
WARM_UP = 2_000  # pages
SNAPSHOT = 2_500_000_000
"""Pages of a Common Crawl snapshot."""


@dataclass(frozen=True)
class Measured:
    """A finished stage."""

    stage: str
    pages: int
    """Of the crawl, whatever of it the stage reads."""
    wall: float
    """Seconds."""
    processor: float
    """Seconds of all processes together."""
    peak: int
    """Bytes of memory, all processes together."""
    written: int
    """Bytes added to the lake."""
    temporary: int
    """Bytes that Spark held on disk, at most."""


def stages(folder: Path) -> list[tuple[str, list[str]]]:
    """Name and command of each stage of one round, in order."""

    def job(name: str, *flags: str) -> tuple[str, list[str]]:
        return name, ["-m", f"jobs.{name}", "--lake", str(folder / "lake"), *flags]

    crawl, seeds = folder / "crawl", folder / "crawl" / "seeds.jsonl.gz"
    return [
        job("crawl", "--crawl", "scale", "--input", str(crawl)),
        job("pages", "--crawl", "scale"),
        job("seeds", "--seeds", str(seeds)),
        job("classifier"),
        job("recall"),
        job("domains"),
        job("approvals", "--rule", "share>=0.5"),
        job("math_pages"),
        job("dedup"),
        job("decontaminate", "--benchmarks", str(crawl / "benchmarks")),
        job("tokenizer"),
        job("shards", "--source", "math"),
    ]


def measure(name: str, command: Sequence[str], pages: int, folder: Path) -> Measured:
    """Run one stage to its end. Raises SystemExit with the end of its log where it fails."""
    lake, temporary, log = folder / "lake", folder / "spark", folder / "logs" / f"{name}.log"
    for path in (temporary, log.parent):
        path.mkdir(parents=True, exist_ok=True)
    before, used, started = size_of(lake), accounted_seconds(), time.monotonic()
    tree, peak, most_temporary = Tree(), 0, 0
    environment = {**os.environ, "SPARK_LOCAL_DIRS": str(temporary), "OMP_NUM_THREADS": "1"}
    with log.open("w") as out:
        child = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=out, stderr=out)
        while child.poll() is None:
            peak, most_temporary = max(peak, tree.sample()), max(most_temporary, size_of(temporary))
            time.sleep(SAMPLE_SECONDS)
    wait_for_all()
    if child.returncode:
        raise SystemExit(f"{name} ended with {child.returncode}; {log} ends:\n{log.read_text()[-2000:]}")
    return Measured(
        name, pages, round(time.monotonic() - started, 2), round(max(accounted_seconds() - used, tree.seconds), 2),
        peak, size_of(lake) - before, most_temporary,
    )  # fmt: skip


def accounted_seconds() -> float:
    """User and system time of all ended children and theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_for_all() -> None:
    """Until what the stage left behind (its JVM, its workers) has ended too."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


class Tree:
    """All processes below this one, as samples show them."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[int, float], float] = {}

    @property
    def seconds(self) -> float:
        """Processor time of every process seen so far, without its children's, when it was last seen."""
        return sum(self._seconds.values())

    def sample(self) -> int:
        """Look once; returns the proportional set size of all of them, in bytes."""
        kilobytes = 0
        for process in psutil.Process().children(recursive=True):
            try:
                times = process.cpu_times()
                self._seconds[process.pid, process.create_time()] = times.user + times.system
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            except (OSError, psutil.Error):  # it has just ended
                continue
            kilobytes += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return kilobytes << 10


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder that may change while we look."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                continue
    return total


def run_size(folder: Path, pages: int) -> None:
    """All stages for one size that are not measured yet."""
    generate = (MADE, [str(ROOT / "benchmarks" / "scale_crawl.py"), str(pages), str(folder / "crawl")])
    done = {m.stage for m in read_measured(folder)}
    for name, command in [generate, *stages(folder)]:
        if name in done:
            continue
        print(f"{time.strftime('%H:%M:%S')} {pages:,} pages: {name}", flush=True)
        measured = measure(name, command, pages, folder)
        with (folder / MEASURED).open("a") as out:
            out.write(json.dumps(asdict(measured)) + "\n")


def read_measured(folder: Path) -> list[Measured]:
    path = folder / MEASURED
    lines = path.read_text().splitlines() if path.exists() else []
    return [Measured(**json.loads(line)) for line in lines]


def table(measured: Sequence[Measured]) -> str:
    """A Markdown table of the stages of one size and their sum."""
    counted = [m for m in measured if m.stage != MADE]
    total = Measured(
        "**all**", counted[0].pages, sum(m.wall for m in counted), sum(m.processor for m in counted),
        max(m.peak for m in counted), sum(m.written for m in counted), max(m.temporary for m in counted),
    )  # fmt: skip
    lines = [
        "| stage | wall s | processor s | pages/s | pages/core-second | peak MB | written MB | temporary MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for m in [*counted, total]:
        rates = f"{m.wall:,.0f} | {m.processor:,.0f} | {m.pages / m.wall:,.0f} | {m.pages / m.processor:,.0f}"
        sizes = f"{m.peak / 1e6:,.0f} | {m.written / 1e6:,.1f} | {m.temporary / 1e6:,.0f}"
        lines.append(f"| {m.stage} | {rates} | {sizes} |")
    return "\n".join(lines)


def growth(sizes: dict[int, list[Measured]]) -> str:
    """Processor milliseconds per page by size, the ratio of the largest to the smallest, and the cost of one more page
    between the two largest sizes, in which nothing is left of what a stage costs once."""
    counts = sorted(sizes)
    of = {n: {m.stage: m for m in sizes[n] if m.stage != MADE} for n in counts}
    names = [s for s in of[counts[0]] if all(s in of[n] for n in counts)]
    head = ["stage", *(f"{n:,}" for n in counts), "ratio", "each page more"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]

    def line(name: str, seconds: list[float]) -> str:
        each = [1000 * s / n for s, n in zip(seconds, counts, strict=True)]
        more = 1000 * (seconds[-1] - seconds[-2]) / (counts[-1] - counts[-2])
        return f"| {name} | {' | '.join(f'{e:.3f}' for e in each)} | {each[-1] / each[0]:.2f} | {more:.3f} |"

    rows = {name: [of[n][name].processor for n in counts] for name in names}
    lines += [line(name, seconds) for name, seconds in rows.items()]
    lines.append(line("**all**", [sum(column) for column in zip(*rows.values(), strict=True)]))
    return "\n".join(lines)


def snapshot(measured: Sequence[Measured]) -> str:
    """What SNAPSHOT pages would take at the rates of one size."""
    lines = ["| stage | core-hours | written TB |", "| --- | --- | --- |"]
    counted = [m for m in measured if m.stage != MADE]
    scale = SNAPSHOT / counted[0].pages
    hours = written = 0.0
    for m in counted:
        hours, written = hours + m.processor * scale / 3600, written + m.written * scale / 1e12
        lines.append(f"| {m.stage} | {m.processor * scale / 3600:,.0f} | {m.written * scale / 1e12:,.2f} |")
    lines.append(f"| **all** | {hours:,.0f} | {written:,.2f} |")
    return "\n".join(lines)


def report(folder: Path, sizes: Sequence[int]) -> None:
    found = {n: m for n in sizes if (m := read_measured(folder / str(n)))}
    for pages, measured in sorted(found.items()):
        print(f"\n{pages:,} pages\n\n{table(measured)}")
    if len(found) > 1:
        print(f"\nProcessor milliseconds a page\n\n{growth(found)}")
    if found:
        largest = max(found)
        print(f"\n{SNAPSHOT:,} pages at the rates of {largest:,}\n\n{snapshot(found[largest])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where crawls, lakes and measurements go; a rerun goes on there")
    parser.add_argument("--pages", type=int, nargs="+", default=[50_000, 200_000, 1_000_000], help="sizes to measure")
    parser.add_argument("--report", action="store_true", help="only print what is measured so far")
    given = parser.parse_args()
    folder = given.folder.resolve()
    if not given.report:
        ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1)
        for pages in [WARM_UP, *sorted(given.pages)]:
            run_size(folder / str(pages), pages)
    report(folder, given.pages)


if __name__ == "__main__":
    main()
