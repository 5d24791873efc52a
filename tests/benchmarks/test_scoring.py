"""The benchmark command trains a model on a crawl, measures both scorers with it and tells how far apart they are."""

import io
import json
import subprocess
import sys
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "scoring.py"
MATHS = "<p>By the lemma the sum $\\sum_{k=1}^n k$ is $\\frac{n(n+1)}{2}$, which ends the proof of the theorem.</p>"
NEWS = "<p>The minister said on Sunday that the market was open, and the team won the match in the rain.</p>"


def write_crawl(path: Path, pages: int) -> None:
    head = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for number in range(pages):
            html = f"<html><body><main><h1>Page {number}</h1>{(MATHS, NEWS)[number % 2] * 5}</main></body></html>"
            url = f"https://example.org/{number}"
            writer.write_record(
                writer.create_warc_record(url, "response", payload=io.BytesIO(html.encode()), http_headers=head)
            )


def test_the_table_names_speed_memory_and_the_largest_difference(tmp_path: Path) -> None:
    write_crawl(tmp_path / "crawl.warc.gz", 40)
    command = [
        *(sys.executable, str(SCRIPT), str(tmp_path / "crawl.warc.gz"), "--json", str(tmp_path / "table.json")),
        *("--dim", "64", "--bucket", "20000", "--epoch", "20"),
    ]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    table = json.loads((tmp_path / "table.json").read_text())
    tools = ["fastText predict, dim 64", "fastText predict, dim 1", "linear scorer", "reading a page (normalise)"]
    assert [line["tool"] for line in table] == tools
    assert all(f"| {tool} |" in shown for tool in tools)
    whole, reduced, linear, reading = table
    assert [line["pages"] for line in (whole, reduced, linear)] == [40] * 3
    assert whole["largest_difference"] == 0 and 0 < linear["largest_difference"] < 1e-4
    assert linear["lines_per_second"] > whole["lines_per_second"] > 0 and reading["lines_per_second"] > 0
    assert linear["file_mb"] < whole["file_mb"] / 20 and whole["memory_mb"] > linear["memory_mb"]
    assert reading["memory_mb"] is None and reading["largest_difference"] is None
