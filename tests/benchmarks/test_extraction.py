"""The extraction benchmark writes the texts and compares with what is installed."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.extraction import JobSpeed, Page, Speed, TreeClock, measure, read_pages

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "extraction.py"
ROWS = [{"id": str(n), "url": f"https://e.org/{n}", "html": f"<p>Page {n} says that \\(x_{n}\\) is a number.</p>"}
        for n in range(3)]  # fmt: skip


def test_rows_of_plain_and_packed_files_are_the_same(tmp_path: Path) -> None:
    data = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    (tmp_path / "p.jsonl").write_bytes(data)
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress(data))
    assert read_pages(tmp_path / "p.jsonl") == read_pages(tmp_path / "p.jsonl.gz") == [Page(**row) for row in ROWS]


def test_each_tool_sees_each_page_in_each_round() -> None:
    seen: list[str] = []
    pages = [Page(**row) for row in ROWS]
    found = measure({"a": lambda page: seen.append(page.id), "b": lambda page: sum(range(9999))}, pages, rounds=2)
    assert seen == ["0", "1", "2"] * 3  # one of the three warms up
    assert [(s.name, s.pages) for s in found] == [("a", 3), ("b", 3)]


def test_rates_are_of_one_core() -> None:
    assert Speed("x", 300, 2.0).rate == 150
    job = JobSpeed("x", pages=800, wall_seconds=4.0, cores=2, cpu_seconds=5.0)
    assert (job.rate_by_cpu, job.rate_by_wall) == (160, 100)


def test_processor_time_of_children_counts() -> None:
    work = "import time\nwhile time.process_time() < 3: pass"
    with TreeClock() as clock:
        subprocess.run([sys.executable, "-c", work], check=True)
    assert clock.seconds > 0.1  # a child is looked at every so often, so its end is not seen


def test_the_command_writes_texts_and_figures(tmp_path: Path) -> None:
    pages, out, figures = tmp_path / "p.jsonl", tmp_path / "o.jsonl", tmp_path / "r.json"
    pages.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    answer = subprocess.run(
        [sys.executable, str(SCRIPT), str(pages), str(out), "--rounds", "1", "--json", str(figures)],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    texts = {row["id"]: row["text"] for row in map(json.loads, out.read_text().splitlines())}
    assert texts["2"] == "Page 2 says that $x_2$ is a number."
    assert "Lexbor's bare parse" in answer.stdout
    names = [speed["name"] for speed in json.loads(figures.read_text())["pure"]]
    assert names[:3] == ["jobs.pages", "resiliparse main content", "Lexbor's bare parse"]
