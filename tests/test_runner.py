"""The entry style: flags, messages, exit codes; a killed stage; the way Spark reads and writes the lake."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MATH_PAGES, RECALLED, SAMPLE
from jobs.lake.manifest import Provenance
from jobs.lake.tables import SchemaMismatch
from jobs.runner import SparkOptions, session
from jobs.spark_tables import read, write

ROOT = Path(__file__).resolve().parents[1]


def module(name: str, *words: str, lake: Lake) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", name, *words],
        cwd=ROOT, env={**os.environ, "LAKE": lake.root}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_an_unfinished_input_ends_with_one_line_that_says_what_to_run(lake: Lake) -> None:
    done = module("jobs.pages", "--crawl", "CC-MAIN-2026-43", lake=lake)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert "pages: crawl/v1/crawl=CC-MAIN-2026-43 has no manifest under" in line
    assert line.endswith("run 'make crawl CRAWL=CC-MAIN-2026-43' first")


def test_a_finished_stage_says_so_and_does_nothing(lake: Lake) -> None:
    first = module("jobs.sample_crawl", "--pages", "60", lake=lake)
    assert first.returncode == 0, first.stderr
    assert "config version=v1 pages=60 seed=7" in first.stderr
    again = module("jobs.sample_crawl", "--pages", "60", lake=lake)
    assert again.returncode == 0
    assert "finished before: sample/v1" in again.stderr
    other = module("jobs.sample_crawl", "--pages", "61", lake=lake)
    assert other.returncode == 2
    assert "config pages: 60 -> 61" in other.stderr


def test_a_killed_stage_leaves_nothing_that_looks_finished_and_the_rerun_completes(lake: Lake) -> None:
    address = SAMPLE.at("v1")
    started = subprocess.Popen(
        [sys.executable, "-m", "jobs.sample_crawl", "--pages", "20000"],
        cwd=ROOT, env={**os.environ, "LAKE": lake.root}, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while not lake.storage.files(address.folder) and started.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    os.killpg(started.pid, signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL, "it ended before it could be killed"
    assert lake.storage.files(address.folder), "killed before it wrote anything: nothing was shown"
    assert lake.find(address) is None
    done = module("jobs.sample_crawl", "--pages", "60", lake=lake)
    assert done.returncode == 0, done.stderr
    manifest = lake.find(address)
    assert manifest is not None
    lake.verify(address)
    assert set(lake.storage.files(address.folder)) == {
        f"{address.folder}/{name}" for name in ["_MANIFEST.json", *(f.name for f in manifest.files)]
    }


@pytest.mark.spark
def test_spark_writes_and_reads_the_same_rows_whatever_the_order(lake: Lake) -> None:
    spark = session(SparkOptions(lake.root, master="local[2]"))
    columns = "cast(id as string) page_id", "'u' url", "'d' domain", "id / 100 score", "id tokens", "1L round"
    files = []
    for rows in (spark.range(100), spark.range(99, -1, -1)):
        publication = lake.begin(MATH_PAGES.at("v1"), Provenance("t", {}, {}, {}), replace_existing=True)
        assert publication is not None
        for file in write(rows.selectExpr(*columns), lake, MATH_PAGES.at("v1"), "page_id", 3):
            publication.add(file)
        files.append(publication.finish().files)
    assert files[0] == files[1]
    manifest = lake.find(MATH_PAGES.at("v1"))
    assert manifest is not None
    frame = read(spark, lake, [MATH_PAGES.at("v1")], [manifest], ["tokens"])
    assert sorted(r["tokens"] for r in frame.collect()) == list(range(100))


@pytest.mark.spark
def test_a_file_with_other_columns_is_refused_on_reading(lake: Lake) -> None:
    spark = session(SparkOptions(lake.root, master="local[2]"))
    publication = lake.begin(MATH_PAGES.at("v1"), Provenance("t", {}, {}, {}))
    assert publication is not None
    publication.write_table("part-00000.parquet", MATH_PAGES.schema.empty_table())  # type: ignore[union-attr]
    manifest = publication.finish()
    with pytest.raises(SchemaMismatch, match=r"missing .*newly_recalled.*unexpected .*round"):
        read(spark, Lake(lake.root), [RECALLED.at("v1", 1)], [manifest_at(lake, manifest)])


def manifest_at(lake: Lake, manifest):  # type: ignore[no-untyped-def]
    """The same files under another dataset's address, as if somebody had copied them there."""
    source, target = "math_pages/v1", "recalled/v1/round=1"
    for file in manifest.files:
        lake.storage.write(f"{target}/{file.name}", lake.storage.read(f"{source}/{file.name}"))
    return manifest
