"""The pages stage on real WARC files written by the tests, in Spark."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from jobs import crawl as crawl_stage
from jobs import pages as pages_stage
from jobs.lake.catalog import Lake, Unfinished
from jobs.lake.datasets import FORMULA_LEDGER, PAGES
from jobs.lake.manifest import Manifest
from jobs.lake.settings import RunOptions
from jobs.lake.stage import StageError, execute
from jobs.runner import SparkOptions, SparkRun

pytestmark = pytest.mark.spark
ROOT = Path(__file__).resolve().parents[1]

ARTICLE = (
    "<html><head><title>Squares</title></head><body><p>The square of any real number is never negative, so "
    'for each real number the inequality <script type="math/tex">x^2 \\ge 0</script> holds, and equality '
    "means that the number itself is zero. Number {n} of this series of notes.</p></body></html>"
)


def warc(path: Path, pages: list[tuple[str, str, str]]) -> None:
    """A WARC file of (url, status, html) responses."""
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for number, (url, status, html) in enumerate(pages):
            headers = StatusAndHeaders(status, [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
            record = writer.create_warc_record(
                url, "response", payload=io.BytesIO(html.encode()), http_headers=headers,
                warc_headers_dict={"WARC-Date": "2026-01-02T03:04:05Z", "WARC-Record-ID": f"<urn:uuid:{number}>"},
            )  # fmt: skip
            writer.write_record(record)


def article(number: int) -> tuple[str, str, str]:
    return f"https://maths.example.org/notes/{number}", "200 OK", ARTICLE.replace("{n}", str(number))


def run_pages(lake: Lake, folder: Path) -> Manifest:
    execute(crawl_stage.STAGE, crawl_stage.Crawl(crawl="t", input=str(folder)), RunOptions(lake.root))
    execute(pages_stage.STAGE, pages_stage.Pages(crawl="t"), SparkOptions(lake.root, master="local[2]"), SparkRun)
    manifest = lake.find(PAGES.at("v1", "t"))
    assert manifest is not None
    return manifest


def test_a_page_keeps_its_formula_and_its_place_in_the_warc_file(lake: Lake, tmp_path: Path) -> None:
    warc(tmp_path / "a.warc.gz", [article(1), article(2)])
    run_pages(lake, tmp_path)
    first, second = sorted(lake.read_table(PAGES.at("v1", "t")).to_pylist(), key=lambda r: r["url"])
    assert "$x^2 \\ge 0$" in first["text"]
    assert (first["formulas_seen"], first["formulas_kept"]) == (1, 1)
    assert (first["domain"], first["title"], first["language"]) == ("example.org", "Squares", "en")
    data = (tmp_path / "a.warc.gz").read_bytes()
    assert second["warc_offset"] == first["warc_offset"] + first["warc_length"]
    assert second["warc_offset"] + second["warc_length"] == len(data)


def test_formulas_are_accounted_for_by_domain_and_kind(lake: Lake, tmp_path: Path) -> None:
    other = (
        "https://other.org/1",
        "200 OK",
        "<html><body><p>No formula stands on this page of words.</p></body></html>",
    )
    warc(tmp_path / "a.warc.gz", [article(1), other])
    warc(tmp_path / "b.warc.gz", [article(2)])
    run_pages(lake, tmp_path)
    ((kind, count),) = lake.read_table(PAGES.at("v1", "t")).to_pylist()[0]["formula_kinds_seen"]
    assert count == 1
    assert lake.read_table(FORMULA_LEDGER.at("v1", "t")).to_pylist() == [
        {"domain": "example.org", "pages": 2, "pages_over_limit": 0, "formulas_seen": 2, "formulas_kept": 2,
         "kinds_seen": [(kind, 2)], "kinds_kept": [(kind, 2)], "recovery": 1.0},
        {"domain": "other.org", "pages": 1, "pages_over_limit": 0, "formulas_seen": 0, "formulas_kept": 0,
         "kinds_seen": [], "kinds_kept": [], "recovery": None},
    ]  # fmt: skip


def test_a_crawl_that_loses_formulas_is_not_published(lake: Lake, tmp_path: Path) -> None:
    lost = '<p>Many words stand around <math alttext="\\frac{1"></math> this formula that nobody can read.</p>' * 20
    warc(tmp_path / "a.warc.gz", [("https://example.org/1", "200 OK", f"<html><body>{lost}</body></html>")])
    with pytest.raises(StageError, match=r"formula_ledger/v1/crawl=t breaks 1 critical .*\n.*\[formula_recovery\]"):
        run_pages(lake, tmp_path)
    assert lake.find(PAGES.at("v1", "t")) is None and lake.find(FORMULA_LEDGER.at("v1", "t")) is None


def test_what_is_no_page_is_counted_by_reason_and_kept_aside(lake: Lake, tmp_path: Path) -> None:
    warc(tmp_path / "a.warc.gz", [article(1), ("https://example.org/gone", "404 Not Found", "<p>gone</p>")])
    (tmp_path / "b.warc.gz").write_bytes(b"<html>this is no WARC file</html>")
    manifest = run_pages(lake, tmp_path)
    assert manifest.rows == 1
    assert manifest.dropped == {"http_status": 1, "not_a_warc": 1}
    assert manifest.rows_in == manifest.rows + sum(manifest.dropped.values())
    aside = [f.name for f in manifest.files if f.name.startswith("rejected-")]
    lines = [json.loads(x) for n in aside for x in lake.storage.read(f"{manifest.address}/{n}").splitlines()]
    assert {x["reason"]: x["url"] for x in lines} == {"http_status": "https://example.org/gone", "not_a_warc": ""}


def test_damage_that_a_page_survives_is_counted_and_kept_aside(lake: Lake, tmp_path: Path) -> None:
    holed = "<p>before\0after " + "and on " * 20
    warc(tmp_path / "a.warc.gz", [article(1), ("https://example.org/holed", "200 OK", holed)])
    manifest = run_pages(lake, tmp_path)
    assert manifest.rows == 2 and manifest.dropped == {}
    assert manifest.figures["noted"] == {"nul_bytes": 1}
    aside = [f.name for f in manifest.files if f.name.startswith("rejected-")]
    lines = [json.loads(x) for n in aside for x in lake.storage.read(f"{manifest.address}/{n}").splitlines()]
    assert [(x["reason"], x["url"], x["kept"]) for x in lines] == [("nul_bytes", "https://example.org/holed", True)]


def test_a_crawl_without_any_page_is_refused(lake: Lake, tmp_path: Path) -> None:
    warc(tmp_path / "a.warc.gz", [("https://example.org/", "500 Error", "<p>x</p>")])
    with pytest.raises(StageError, match=r"none of the 1 files .* holds an HTML page; left out: \{'http_status': 1\}"):
        run_pages(lake, tmp_path)
    assert lake.find(PAGES.at("v1", "t")) is None


def test_a_record_that_comes_twice_is_one_page(lake: Lake, tmp_path: Path) -> None:
    warc(tmp_path / "a.warc.gz", [article(1), article(2)])
    warc(tmp_path / "b.warc.gz", [article(2), article(3)])
    manifest = run_pages(lake, tmp_path)
    assert manifest.rows == 3
    assert manifest.dropped == {"repeated_record": 1}


def test_a_rerun_elsewhere_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "warcs"
    folder.mkdir()
    warc(folder / "a.warc.gz", [article(n) for n in range(5)])
    first, second = (run_pages(Lake(str(tmp_path / name)), folder) for name in ("one", "two"))
    assert first.files == second.files


def test_a_spark_stage_killed_half_way_leaves_nothing_finished_and_the_rerun_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    folder, killed = tmp_path / "warcs", Lake(str(tmp_path / "killed"))
    folder.mkdir()
    warc(folder / "a.warc.gz", [article(1)])
    warc(folder / "b.warc.gz", [article(n) for n in range(2, 400)])
    execute(crawl_stage.STAGE, crawl_stage.Crawl(crawl="t", input=str(folder)), RunOptions(killed.root))
    started = subprocess.Popen(
        [sys.executable, "-m", "jobs.pages", "--crawl", "t", "--lake", killed.root, "--master", "local[2]"],
        cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    written = PAGES.at("v1", "t").folder
    deadline = time.monotonic() + 120
    while not killed.storage.files(written) and started.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(started.pid, signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert killed.storage.files(written), "killed before it wrote anything: nothing was shown"
    assert killed.find(PAGES.at("v1", "t")) is None
    assert run_pages(killed, folder).files == run_pages(Lake(str(tmp_path / "whole")), folder).files


def test_pages_of_a_crawl_that_was_never_listed_are_refused(lake: Lake) -> None:
    with pytest.raises(Unfinished, match="run 'make crawl CRAWL=nowhere' first"):
        execute(pages_stage.STAGE, pages_stage.Pages(crawl="nowhere"), SparkOptions(lake.root), SparkRun)


def test_parts_hold_whole_files_not_shuffled_rows(lake: Lake, tmp_path: Path) -> None:
    for name in "ab":
        warc(tmp_path / f"{name}.warc.gz", [article(ord(name))])
    run_pages(lake, tmp_path)
    parts = [
        pq.read_table(lake.storage.path(f"pages/v1/crawl=t/part-0000{n}.parquet")).column("warc_path") for n in (0, 1)
    ]
    assert [Path(p[0].as_py()).name for p in parts] == ["a.warc.gz", "b.warc.gz"]
