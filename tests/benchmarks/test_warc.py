"""The benchmark of damaged crawl files: what it holds against the manifest, and the open collection of such files."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from benchmarks.warc import Asked, Count, Page, Reading, judge, main

DAMAGED = Path(__file__).resolve().parents[3] / "shared/data/damaged"
HTML = b"<html><body>Two plus two is four.</body></html>"
URL = "https://a.example/a b"
ASKED = Asked(must_read=((URL, "1"),), may_read=((URL, "2"),), must_count=({"kind": "cut", "offset": 5},))


def test_a_payload_that_the_manifest_does_not_name_is_wrong() -> None:
    verdict = judge("x", ASKED, Reading((Page(URL, "1"), Page(URL, "2"), Page(URL, "3")), (Count("cut", "", 0, 9),)))
    assert (verdict.recovered, verdict.wrong, verdict.uncounted) == (1, (URL,), ())


def test_a_page_marked_as_cut_is_neither_read_nor_wrong() -> None:
    verdict = judge("x", ASKED, Reading((Page(URL, "1", whole=False), Page(URL, "3", whole=False))))
    assert (verdict.recovered, verdict.wrong, verdict.missing) == (0, (), (URL,))


def test_a_count_has_to_be_of_its_kind_and_at_its_place() -> None:
    for count in (Count("other", URL, 5, 1), Count("cut", "", 6, 9)):
        assert judge("x", ASKED, Reading(counts=(count,))).uncounted == ("cut",)


def test_errors_memory_and_time_are_failures() -> None:
    verdict = judge("x", ASKED, Reading(error="ValueError: x", memory_mb=401, seconds=21))
    assert len(verdict.failures) == 3


def write(folder: Path, sha1: str) -> Path:
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2026-01-15T10:00:00Z\r\n"
    head += b"WARC-Target-URI: https://a.example/\r\nContent-Type: application/http; msgtype=response\r\n"
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML
    head += b"Content-Length: %d\r\n\r\n" % len(block)
    (folder / "a.warc.gz").write_bytes(gzip.compress(head + block + b"\r\n\r\n"))
    never = {"memory_mb": 1000, "seconds": 20}
    row = {"must_read": [{"url": "https://a.example/", "sha1": sha1}], "never": never, "text_holds": ["is four"]}
    (folder / "manifest.json").write_text(json.dumps({"files": {"a.warc.gz": row}}))
    return folder


def test_a_folder_is_read_and_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write(tmp_path, hashlib.sha1(HTML).hexdigest())), "--peers"]) == 0
    printed = capsys.readouterr().out
    assert "recovered 1 of 1" in printed
    assert "| FastWARC | 1 of 1 |" in printed


def test_a_miss_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write(tmp_path, "0" * 40))]) == 1
    assert "a.warc.gz: missing https://a.example/" in capsys.readouterr().out


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path)])


def test_the_collection_of_damaged_files_is_read_as_its_manifest_asks(capsys: pytest.CaptureFixture[str]) -> None:
    if not DAMAGED.is_dir():
        pytest.skip("../shared/data/damaged, the collection of damaged files, is not beside this repository")
    assert main([str(DAMAGED)]) == 0, capsys.readouterr().out
