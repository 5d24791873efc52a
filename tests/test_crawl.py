"""The crawl stage: what it lists, and what it refuses."""

import gzip
from pathlib import Path

import pytest

from jobs.crawl import STAGE, Crawl
from jobs.lake.catalog import Differs, Lake
from jobs.lake.datasets import CRAWL
from jobs.lake.settings import RunOptions
from jobs.lake.stage import StageError, execute
from tests.crawl_server import BODY, PATHS, CrawlServer
from tests.crawl_server import CRAWL as SNAPSHOT


def crawl(lake: Lake, folder: Path, **options: bool) -> None:
    execute(STAGE, Crawl(crawl="open", input=str(folder)), RunOptions(lake.root, **options))


def folder_of(tmp_path: Path, name: str = "a.warc.gz", content: bytes = b"WARC/1.0\r\n") -> Path:
    folder = tmp_path / "warcs"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(gzip.compress(content, mtime=0))
    return folder


def test_files_are_listed_with_size_and_digest(lake: Lake, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "notes.txt").write_text("not a WARC")
    crawl(lake, folder)
    (row,) = lake.read_table(CRAWL.at("v1", "open")).to_pylist()
    assert row["path"] == str((folder / "a.warc.gz").resolve())
    assert row["bytes"] == (folder / "a.warc.gz").stat().st_size
    assert len(row["digest"]) == 64


def test_a_missing_folder_is_refused_with_what_to_give(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="is not a folder; give a folder of WARC files, 'sample' or 'commoncrawl'"):
        crawl(lake, tmp_path / "nowhere")


def test_a_folder_without_warc_files_is_refused_with_what_it_holds(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>")
    with pytest.raises(StageError, match=r"looked for names ending in .*\.warc\.gz.*it holds page.html"):
        crawl(lake, tmp_path)


def test_a_moved_folder_is_the_same_crawl(lake: Lake, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    crawl(lake, folder)
    before = lake.find(CRAWL.at("v1", "open"))
    crawl(lake, folder.rename(tmp_path / "elsewhere"))
    assert lake.find(CRAWL.at("v1", "open")) == before


def test_another_input_at_the_same_address_is_refused_and_both_are_named(lake: Lake, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    crawl(lake, folder)
    folder_of(tmp_path, "b.warc.gz")
    other = folder.rename(tmp_path / "other")
    with pytest.raises(Differs, match=rf"inputs file:warc: [\s\S]*input: {folder} -> {other}[\s\S]*VERSION=NAME"):
        crawl(lake, other)


def test_replace_builds_it_again(lake: Lake, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    crawl(lake, folder)
    folder_of(tmp_path, "b.warc.gz")
    crawl(lake, folder, replace=True)
    assert lake.read_table(CRAWL.at("v1", "open")).num_rows == 2


def from_common_crawl(lake: Lake, server: CrawlServer, crawl: str = SNAPSHOT) -> None:
    settings = Crawl(
        crawl=crawl,
        input="commoncrawl",
        segments=2,
        files_per_segment=1,
        base_url=server.base,
        requests_per_second=1000.0,
    )
    execute(STAGE, settings, RunOptions(lake.root))


def test_common_crawl_is_fetched_through_503_and_cuts_and_listed(lake: Lake, server: CrawlServer) -> None:
    server.moods[PATHS[0]].extend([("busy", 503, "0"), ("cut", 100_000)])
    from_common_crawl(lake, server)
    rows = lake.read_table(CRAWL.at("v1", SNAPSHOT)).to_pylist()
    assert [row["path"].endswith(path) for row, path in zip(rows, (PATHS[0], PATHS[4]), strict=True)] == [True, True]
    assert {row["bytes"] for row in rows} == {len(BODY)}
    assert rows[0]["origin"] == f"{server.base}crawl-data/{SNAPSHOT}"
    ranges = [headers.get("Range") for path, headers in server.seen if path == PATHS[0]]
    assert ranges == [None, None, "bytes=100000-"]


def test_a_snapshot_that_is_not_there_is_refused_and_nothing_is_published(lake: Lake, server: CrawlServer) -> None:
    with pytest.raises(StageError, match="crawl: .*CC-MAIN-1999-01"):
        from_common_crawl(lake, server, "CC-MAIN-1999-01")
    assert lake.find(CRAWL.at("v1", "CC-MAIN-1999-01")) is None
