"""The generated crawl is what it says, and the measurement misses no process and does its sums right."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import scale, scale_crawl
from jobs.web.urls import canonical_url
from jobs.web.warc_records import WarcPage, read_warc

ROOT = Path(__file__).resolve().parents[2]
PAGES = 6_000


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_number_gives_the_same_bytes_by_any_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale_crawl, "PAGES_A_FILE", 100)
    for processes in (1, 2):
        scale_crawl.write_crawl(250, tmp_path / str(processes), processes)
    made = files_below(tmp_path / "1")
    assert made == files_below(tmp_path / "2")
    records = [r for name in sorted(made) if name.endswith(".warc.gz") for r in read_warc(str(tmp_path / "1" / name))]
    pages = [r for r in records if isinstance(r, WarcPage)]
    assert len(pages) == len(records) == 250
    assert not [note for p in pages for note in p.notes], "a record is damaged"
    assert [p.url for p in pages] == [scale_crawl.page(250, i).url for i in range(250)]


def test_a_crawl_has_the_kinds_of_pages_that_it_promises() -> None:
    made = [scale_crawl.page(PAGES, i) for i in range(PAGES)]
    assert 0.03 <= sum(p.maths for p in made) / PAGES <= 0.07
    assert 0.08 <= sum(p.language == "zh" for p in made) / PAGES <= 0.25
    assert 2_500 <= sum(len(p.text().encode()) for p in made) / PAGES <= 3_500
    assert any(p.planted for p in made)
    sizes = sorted(Counter(p.host for p in made).values(), reverse=True)
    assert sizes[0] > 10 * sizes[len(sizes) // 2], "hosts are of equal size"
    for block in range(0, PAGES, scale_crawl.BLOCK):
        copy, again = made[block + scale_crawl.NEAR_COPY], made[block + scale_crawl.REFETCHED]
        assert canonical_url(again.url) == canonical_url(made[again.index].url) and again.url != made[again.index].url
        assert again.text() == made[again.index].text()
        assert copy.url not in {p.url for p in made if p is not copy}


def test_seeds_are_mathematics_half_of_them_of_the_crawl(tmp_path: Path) -> None:
    assert scale_crawl.write_seeds(10_000, tmp_path / "seeds.jsonl.gz") == 100
    rows = list(map(json.loads, gzip.decompress((tmp_path / "seeds.jsonl.gz").read_bytes()).decode().splitlines()))
    urls = {scale_crawl.original(10_000, i).url for i in range(10_000)}
    assert sum(row["url"] in urls for row in rows) == 50
    assert all("/notes/" in row["url"] and row["text"] for row in rows)


ORPHAN = """
import os, time
if os.fork() == 0:  # goes on after its parent has ended, as a JVM may
    while time.process_time() < 1:
        pass
"""
DISOWNED = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as PySpark's daemon does: nobody gets an account of its workers
child = os.fork()
if child == 0:
    held = bytearray(50 << 20)
    held[::4096] = b"x" * len(held[::4096])
    while time.process_time() < 2:
        pass
else:
    while os.path.exists(f"/proc/{child}"):
        time.sleep(0.05)
"""


@pytest.mark.parametrize(("program", "least_seconds", "least_peak"), [(ORPHAN, 1, 0), (DISOWNED, 1, 50 << 20)])
def test_no_process_of_a_stage_is_missed(program: str, least_seconds: float, least_peak: int, tmp_path: Path) -> None:
    measuring = (
        "import ctypes; from pathlib import Path; from benchmarks import scale\n"
        "ctypes.CDLL(None).prctl(scale.BECOME_SUBREAPER, 1)\n"
        f"m = scale.measure('stage', ['-c', {program!r}], 10, Path({str(tmp_path)!r}))\n"
        "print(m.processor, m.wall, m.peak)"
    )  # a process of its own: it waits for all of its children
    done = subprocess.run([sys.executable, "-c", measuring], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    processor, wall, peak = map(float, done.stdout.split())
    assert processor >= least_seconds and wall >= least_seconds and peak >= least_peak


def test_a_stage_that_fails_stops_the_run_with_the_end_of_its_log(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from benchmarks import scale\n"
        f"scale.measure('broken', ['-c', 'raise SystemExit(\"no such crawl\")'], 10, Path({str(tmp_path)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode and "broken ended with 1" in done.stderr and "no such crawl" in done.stderr


def test_the_report_compares_sizes_and_extrapolates(tmp_path: Path) -> None:
    for pages, seconds in ((1_000, 20.0), (3_000, 40.0)):
        rows = [
            scale.Measured("generate", pages, 9, 9, 9, 9, 9),
            scale.Measured("pages", pages, 10, seconds, 1, pages, 0),
        ]
        (tmp_path / str(pages)).mkdir()
        lines = "".join(json.dumps(asdict(row)) + "\n" for row in rows)
        (tmp_path / str(pages) / scale.MEASURED).write_text(lines)
    command = [sys.executable, "benchmarks/scale.py", str(tmp_path), "--pages", "1000", "3000", "--report"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "| pages | 20.000 | 13.333 | 0.67 | 10.000 |" in told
    assert "| **all** | 9,259 | 0.00 |" in told, "2.5 billion pages at 40 s for 3,000"
    assert "generate" not in told
