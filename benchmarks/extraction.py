"""Speed of the extractor against its peers on the same pages in the same run, pure and as the Spark job.

    python benchmarks/extraction.py PAGES.jsonl.gz OUT.jsonl [--spark] [--crawl FOLDER] [--copies 20] [--json FILE]

PAGES has rows of id, url, html; OUT gets id and text. --spark runs the same pages, COPIES times, through Spark tasks.
--crawl runs the product's own pages stage over the WARC files of a folder, COPIES times, against the pure function.

Pure speeds are of processor time, one core, best of interleaved rounds: other work on the machine hardly shows. The
pure function of a crawl is what a task does for a record without Spark and lake (read the record, extract, language,
signals -> row); it runs in as many processes at once as Spark has cores, so that both share caches and clock alike.
A job's speed per core is told twice: by the processor time of all its processes (JVM, workers, driver), and by wall
time x cores, which is the same on a machine that does nothing else. Both include starting Spark and checking the data.
"""

import argparse
import functools
import gc
import gzip
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from any folder

import pyarrow as pa
import pyarrow.parquet as pq
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from jobs import crawl as crawl_stage
from jobs import pages as pages_stage
from jobs import runner
from jobs.lake.datasets import PAGES
from jobs.lake.settings import RunOptions
from jobs.lake.stage import execute
from jobs.page_rows import page_row
from jobs.web.page_text import extract_page
from jobs.web.warc_records import Rejected, WarcPage, read_warc

WARM_UP_PAGES = 20
TOOL_SECONDS = 60.0
"""A tool that has had this much processor time gets no further round."""
OURS, RESILIPARSE, LEXBOR, TRAFILATURA = "jobs.pages", "resiliparse main content", "Lexbor's bare parse", "trafilatura"
CPU_POLL_SECONDS = 2.0
Tool = Callable[["Page"], object]


@dataclass(frozen=True)
class Page:
    """A row of the input."""

    id: str
    url: str
    html: str


@dataclass(frozen=True)
class Speed:
    """Pages through a function in processor seconds of one core."""

    name: str
    pages: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.pages / self.seconds


@dataclass(frozen=True)
class JobSpeed:
    """Records through a Spark job: wall time, cores, and the processor time of all its processes."""

    name: str
    pages: int
    wall_seconds: float
    cores: int
    cpu_seconds: float

    @property
    def rate_by_cpu(self) -> float:
        return self.pages / self.cpu_seconds

    @property
    def rate_by_wall(self) -> float:
        return self.pages / (self.wall_seconds * self.cores)


def read_pages(path: Path) -> list[Page]:
    """The rows of a .jsonl or .jsonl.gz file."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [json.loads(line) for line in data.split(b"\n") if line]
    return [Page(row["id"], row.get("url", ""), row["html"]) for row in rows]


def tools() -> dict[str, Tool]:
    """What is compared, by name; a peer that is not installed is left out with a word."""
    found: dict[str, Tool] = {
        OURS: lambda page: extract_page(page.html, page.url).text,
        RESILIPARSE: lambda page: extract_plain_text(page.html, main_content=True),
        LEXBOR: lambda page: HTMLTree.parse(page.html),
    }
    try:
        import trafilatura
    except ImportError as error:
        print(f"trafilatura is left out ({error}): pip install -r benchmarks/requirements.txt")
    else:
        found[TRAFILATURA] = lambda page: trafilatura.extract(page.html)
    return found


def measure(compared: dict[str, Tool], pages: Sequence[Page], rounds: int) -> list[Speed]:
    """The best of several rounds for each tool; the rounds are interleaved, so that all see the same machine."""
    times: dict[str, list[float]] = {name: [] for name in compared}
    for tool in compared.values():
        for page in pages[:WARM_UP_PAGES]:
            tool(page)
    for _ in range(rounds):
        for name, tool in compared.items():
            if sum(times[name]) < TOOL_SECONDS:
                gc.collect()
                forget()
                started = time.process_time()
                for page in pages:
                    tool(page)
                times[name].append(time.process_time() - started)
    return [Speed(name, len(pages), min(seconds)) for name, seconds in times.items()]


def forget() -> None:
    """Empty our caches of formulas and attributes: a page that comes a second time must not profit from the first."""
    for cached in gc.get_objects():
        if isinstance(cached, functools._lru_cache_wrapper) and str(cached.__module__).startswith("jobs.web"):
            cached.cache_clear()


def write_texts(pages: Sequence[Page], out: Path) -> None:
    with out.open("w", encoding="utf-8") as lines:
        for page in pages:
            lines.write(json.dumps({"id": page.id, "text": extract_page(page.html, page.url).text}) + "\n")


class TreeClock:
    """Processor seconds of this process and all its descendants, read from /proc while it runs (Linux)."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> "TreeClock":
        self._read()
        self._before = sum(self._seen.values())
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()
        self._read()
        self.seconds = sum(self._seen.values()) - self._before

    def _poll(self) -> None:
        while not self._ended.wait(CPU_POLL_SECONDS):
            self._read()

    def _read(self) -> None:
        times: dict[int, float] = {}
        children: dict[int, list[int]] = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            children.setdefault(int(fields[1]), []).append(int(entry))
            times[int(entry)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        left = [os.getpid()]
        while left:
            process = left.pop()
            self._seen[process] = times.get(process, 0.0)
            left += children.get(process, [])


def read_and_extract(path: str) -> Iterator[object]:
    """A file's records as rows: a task's work without Spark and lake."""
    for found in read_warc(path):
        yield found if isinstance(found, Rejected) else page_row(found, path)


def crawl_speeds(files: Sequence[str]) -> tuple[Speed, Speed]:
    """(extraction only, the whole row) of a crawl's records, in this process. Every rejected record counts, as it does
    in the job."""
    pages = [found for found in read_warc(files[0]) if isinstance(found, WarcPage)]
    for page in pages[:WARM_UP_PAGES]:
        page_row(page, files[0])
    extracted = extraction = row = 0.0
    records = 0
    for file in files:
        started = time.process_time()
        records += sum(1 for _ in read_and_extract(file))
        row += time.process_time() - started
        pages = [found for found in read_warc(file) if isinstance(found, WarcPage)]
        started = time.process_time()
        for page in pages:
            extract_page(page.html, page.url)
        extraction += time.process_time() - started
        extracted += len(pages)
    return Speed("extraction only", int(extracted), extraction), Speed("record to row", records, row)


def pure_on_all_cores(files: Sequence[str], cores: int) -> list[Speed]:
    """`crawl_speeds` in as many processes at once as the job has cores; their sums."""
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        found = pool.map(crawl_speeds, [list(files)] * cores, chunksize=1)
    return [
        Speed(same[0].name, sum(s.pages for s in same), sum(s.seconds for s in same))
        for same in zip(*found, strict=True)
    ]


def crawl_job(folder: Path, copies: int, cores: int, work: Path) -> JobSpeed:
    """The pages stage over the folder's files, each `copies` times under names of its own."""
    warcs = work / "warcs"
    warcs.mkdir()
    for copy in range(copies):
        for file in warc_files(folder):
            (warcs / f"{copy:03d}-{file.name}").symlink_to(file.resolve())
    lake = str(work / "lake")
    execute(crawl_stage.STAGE, crawl_stage.Crawl(crawl="b", input=str(warcs)), RunOptions(lake))
    options = runner.SparkOptions(lake, master=f"local[{cores}]")
    started = time.perf_counter()
    with TreeClock() as clock:
        run = execute(pages_stage.STAGE, pages_stage.Pages(crawl="b"), options, runner.SparkRun)
        wall = time.perf_counter() - started
    assert run is not None and run.lake.find(PAGES.at("v1", "b")), "a lake of its own holds nothing before"
    return JobSpeed("pages stage", run.rows_in, wall, cores, clock.seconds)


def warc_files(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.iterdir() if ".warc" in p.name)
    if not found:
        raise SystemExit(f"extraction: no WARC files in {folder}")
    return found


def spark_job(pages: Sequence[Page], copies: int, cores: int, work: Path) -> JobSpeed:
    """The pages as the rows of a Parquet file, extracted by Spark tasks, a copy of all of them a task."""
    source = str(work / "pages.parquet")
    pq.write_table(pa.Table.from_pylist([asdict(p) for p in pages]), source)

    def texts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            for batch in pq.ParquetFile(source).iter_batches(256):
                rows = batch.to_pylist()
                out = [extract_page(row["html"], row["url"]).text for row in rows]
                yield pa.RecordBatch.from_pydict({"id": [row["id"] for row in rows], "text": out})

    spark = runner.session(runner.SparkOptions(str(work), master=f"local[{cores}]"))
    started = time.perf_counter()
    with TreeClock() as clock:
        frame = spark.range(0, copies, 1, copies).mapInArrow(texts, "id string, text string")
        done = frame.selectExpr("count(*)", "sum(length(text))").collect()[0][0]
        wall = time.perf_counter() - started
    return JobSpeed("extraction in Spark", done, wall, cores, clock.seconds)


def show(speeds: Sequence[Speed], base: str) -> None:
    """A line for each speed, with its ratio to that of `base`."""
    rates = {speed.name: speed.rate for speed in speeds}
    for speed in speeds:
        print(f"{speed.name:28} {speed.rate:9,.0f} pages/s/core   {speed.rate / rates[base]:7.2f} x {base}")


def show_job(job: JobSpeed, pure: Sequence[Speed]) -> None:
    print(
        f"{job.name}: {job.pages:,} records on {job.cores} cores in {job.wall_seconds:,.0f} s, "
        f"{job.cpu_seconds:,.0f} s of processor time"
    )
    for how, rate in (("processor time", job.rate_by_cpu), ("wall time", job.rate_by_wall)):
        shares = ", ".join(f"{rate / speed.rate:.0%} of {speed.name} ({speed.rate:,.0f})" for speed in pure)
        print(f"  by {how:14} {rate:7,.0f} pages/s/core: {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, help="rows of id, url, html (.jsonl or .jsonl.gz)")
    parser.add_argument("out", type=Path, help="rows of id, text")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; the best counts (default: 5)")
    parser.add_argument("--spark", action="store_true", help="also as a Spark job")
    parser.add_argument("--crawl", type=Path, help="also the pages stage over this folder's WARC files")
    parser.add_argument("--copies", type=int, default=20, help="how often Spark gets the pages (default: 20)")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="of Spark (default: all)")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    pages = read_pages(options.pages)
    print(f"{len(pages):,} pages, {sum(len(p.html) for p in pages) / max(1, len(pages)):,.0f} characters on average")
    write_texts(pages, options.out)
    speeds = measure(tools(), pages, options.rounds)
    show(speeds, RESILIPARSE)
    result: dict[str, object] = {"pure": [asdict(s) | {"rate": s.rate} for s in speeds]}
    with tempfile.TemporaryDirectory(prefix="extraction-") as folder:
        if options.spark:
            job = spark_job(pages, options.copies, options.cores, Path(folder))
            show_job(job, speeds[:1])
            result["spark"] = asdict(job)
        if options.crawl:
            pure = pure_on_all_cores([str(f) for f in warc_files(options.crawl)], options.cores)
            stage = crawl_job(options.crawl, options.copies, options.cores, Path(folder))
            show_job(stage, pure)
            result["crawl"] = {"pure": [asdict(s) | {"rate": s.rate} for s in pure], "stage": asdict(stage)}
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
