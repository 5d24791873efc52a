"""The Common Crawl client against a local server that is busy, cuts connections, changes files and lies about paths."""

import gzip
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.web.common_crawl import CommonCrawl, Fetcher, Progress, Rate, choose_paths, fetch_common_crawl, safe_path
from jobs.web.crawl_sources import CommonCrawlError, S3Source, open_source, retry_after_seconds
from tests.crawl_server import BODY, CRAWL, LIST, PATHS, CrawlServer


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds


def settings(server: CrawlServer, **more: Any) -> CommonCrawl:
    return CommonCrawl(CRAWL, **{"files": 1, "base": server.base, "requests_per_second": 1000.0, "threads": 1, **more})


def fetcher(server: CrawlServer, folder: Path, clock: Clock | None = None, **more: Any) -> Fetcher:
    clock = clock or Clock()
    return Fetcher(settings(server, **more), folder, clock=clock.now, sleep=clock.sleep, jitter=lambda: 1.0)


def ranges(server: CrawlServer, path: str) -> list[str | None]:
    return [headers.get("Range") for seen, headers in server.seen if seen == path]


def test_fetches_the_first_files_of_the_list(server: CrawlServer, tmp_path: Path) -> None:
    fetched = fetch_common_crawl(settings(server, files=2, threads=2), tmp_path)
    assert [f.path for f in fetched] == PATHS[:2]
    assert all(f.file.read_bytes() == BODY and f.size == len(BODY) for f in fetched)
    assert not list(tmp_path.rglob("*.part*"))


def test_every_request_names_mathquarry(server: CrawlServer, tmp_path: Path) -> None:
    fetch_common_crawl(settings(server), tmp_path)
    assert all("MathQuarry" in headers["User-Agent"] for _, headers in server.seen)


def test_a_cut_connection_is_resumed_with_range(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("cut", 100_000), ("cut", 50_000)]
    fetched = fetcher(server, tmp_path).fetch(PATHS[0])
    assert ranges(server, PATHS[0]) == [None, "bytes=100000-", "bytes=150000-"]
    assert fetched.file.read_bytes() == BODY
    assert (fetched.fetched, fetched.attempts) == (len(BODY), 3)


def test_the_next_run_goes_on_where_the_last_gave_up(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("cut", 100_000)]
    with pytest.raises(CommonCrawlError, match="gave up after 1 attempts.*100,000 bytes are kept"):
        fetcher(server, tmp_path, attempts=1).fetch(PATHS[0])
    assert not (tmp_path / PATHS[0]).exists()
    assert fetcher(server, tmp_path).fetch(PATHS[0]).file.read_bytes() == BODY
    assert ranges(server, PATHS[0])[-1] == "bytes=100000-"


def test_a_file_that_is_there_is_not_asked_for_again(server: CrawlServer, tmp_path: Path) -> None:
    fetcher(server, tmp_path).fetch(PATHS[0])
    again = fetcher(server, tmp_path).fetch(PATHS[0])
    assert (again.fetched, again.size, len(ranges(server, PATHS[0]))) == (0, len(BODY), 1)


def test_a_server_without_ranges_is_read_from_the_start(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("cut", 100_000), ("ignore_range",)]
    assert fetcher(server, tmp_path).fetch(PATHS[0]).file.read_bytes() == BODY


@pytest.mark.parametrize("tag", ['"v2"', 'W/"v2"'])
def test_a_file_that_changed_is_read_from_the_start(server: CrawlServer, tmp_path: Path, tag: str) -> None:
    server.moods[PATHS[0]] += [("cut", 100_000)]
    with pytest.raises(CommonCrawlError):
        fetcher(server, tmp_path, attempts=1).fetch(PATHS[0])
    server.files[PATHS[0]], server.etags[PATHS[0]] = BODY[::-1], tag
    assert fetcher(server, tmp_path).fetch(PATHS[0]).file.read_bytes() == BODY[::-1]


def test_a_weak_tag_that_changed_is_noticed_without_if_range(server: CrawlServer, tmp_path: Path) -> None:
    server.etags[PATHS[0]] = 'W/"v1"'
    server.moods[PATHS[0]] += [("cut", 100_000)]
    with pytest.raises(CommonCrawlError):
        fetcher(server, tmp_path, attempts=1).fetch(PATHS[0])
    server.files[PATHS[0]], server.etags[PATHS[0]] = BODY[::-1], 'W/"v2"'
    assert fetcher(server, tmp_path).fetch(PATHS[0]).file.read_bytes() == BODY[::-1]
    assert ranges(server, PATHS[0]) == [None, "bytes=100000-", None]


def test_a_part_of_unknown_version_is_not_trusted(server: CrawlServer, tmp_path: Path) -> None:
    part = tmp_path / (PATHS[0] + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"another file's bytes")
    assert fetcher(server, tmp_path).fetch(PATHS[0]).file.read_bytes() == BODY
    assert ranges(server, PATHS[0]) == [None]


def test_a_part_longer_than_the_file_is_thrown_away(server: CrawlServer, tmp_path: Path) -> None:
    part = tmp_path / (PATHS[0] + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(len(BODY) + 5))
    part.with_name(part.name + ".json").write_text(json.dumps({"etag": '"v1"', "total": 999_999}))
    assert fetcher(server, tmp_path).fetch(PATHS[0]).file.read_bytes() == BODY


def test_a_whole_part_is_renamed_without_a_request(server: CrawlServer, tmp_path: Path) -> None:
    part = tmp_path / (PATHS[0] + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY)
    part.with_name(part.name + ".json").write_text(json.dumps({"etag": '"v1"', "total": len(BODY)}))
    assert fetcher(server, tmp_path).fetch(PATHS[0]).file.read_bytes() == BODY
    assert server.seen == []


def test_retry_after_is_honoured(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("busy", 503, "42")]
    clock = Clock()
    fetcher(server, tmp_path, clock).fetch(PATHS[0])
    assert clock.time >= 42


def test_back_off_doubles_without_retry_after(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("busy", 500, None), ("busy", 502, None), ("busy", 504, None)]
    clock = Clock()
    fetcher(server, tmp_path, clock, first_wait_s=2.0).fetch(PATHS[0])
    assert clock.sleeps == [2.0, 4.0, 8.0]


def test_jitter_shortens_a_wait_by_at_most_half(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("busy", 500, None)]
    clock = Clock()
    asked = settings(server, first_wait_s=2.0)
    Fetcher(asked, tmp_path, clock=clock.now, sleep=clock.sleep, jitter=lambda: 0.0).fetch(PATHS[0])
    assert clock.sleeps == [1.0]


def test_a_wait_beyond_reason_is_an_error_that_says_so(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("busy", 429, "7200")]
    with pytest.raises(CommonCrawlError, match="asks to wait 7,200 s, more than the 600 s allowed"):
        fetcher(server, tmp_path).fetch(PATHS[0])


def test_attempts_are_bounded_and_the_error_says_what_to_do(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("busy", 503, None)] * 9
    with pytest.raises(CommonCrawlError, match="gave up after 3 attempts.*HTTP 503.*run again"):
        fetcher(server, tmp_path, attempts=3).fetch(PATHS[0])
    assert len(ranges(server, PATHS[0])) == 3


def test_a_missing_snapshot_is_not_tried_again(server: CrawlServer, tmp_path: Path) -> None:
    del server.files[LIST]
    with pytest.raises(CommonCrawlError, match="HTTP 404; check the crawl id"):
        fetch_common_crawl(settings(server), tmp_path)
    assert len(server.seen) == 1


def test_a_file_without_length_is_refused(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("no_length",)]
    with pytest.raises(CommonCrawlError, match="does not say how long"):
        fetcher(server, tmp_path).fetch(PATHS[0])
    assert not (tmp_path / PATHS[0]).exists()


def test_the_failure_that_stopped_the_others_is_the_one_told(server: CrawlServer, tmp_path: Path) -> None:
    del server.files[PATHS[1]]
    server.moods[PATHS[0]] += [("busy", 503, None)] * 99
    with pytest.raises(CommonCrawlError, match="HTTP 404"):
        fetch_common_crawl(settings(server, files=2, threads=2, first_wait_s=0.2, attempts=90), tmp_path)


def test_one_rate_for_all_threads() -> None:
    clock = Clock()
    rate = Rate(4.0, clock.now, clock.sleep)
    starts = []
    for _ in range(5):
        rate.wait()
        starts.append(clock.time)
    assert starts == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_threads_together_keep_the_rate(server: CrawlServer, tmp_path: Path) -> None:
    lock = threading.Lock()
    clock = Clock()

    def sleep(seconds: float) -> None:
        with lock:
            clock.sleep(seconds)

    worker = Fetcher(settings(server, threads=4, requests_per_second=10.0), tmp_path, clock=clock.now, sleep=sleep)
    worker.fetch_all(PATHS[:6])
    assert clock.time >= 0.5


def test_a_busy_answer_for_one_file_delays_the_next_file(server: CrawlServer, tmp_path: Path) -> None:
    server.moods[PATHS[0]] += [("busy", 503, "42")]
    clock = Clock()
    worker = fetcher(server, tmp_path, clock, attempts=1)
    with pytest.raises(CommonCrawlError):
        worker.fetch(PATHS[0])
    assert clock.time == 0.0
    worker.fetch(PATHS[1])
    assert clock.time == 42.0


def test_holding_the_rate_holds_everybody() -> None:
    clock = Clock()
    rate = Rate(1000.0, clock.now, clock.sleep)
    rate.hold(30.0)
    rate.wait()
    assert clock.time == 30.0


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        f"crawl-data/{CRAWL}/../../outside.warc.gz",
        f"crawl-data/{CRAWL}/segments//x.warc.gz",
        "crawl-data/CC-MAIN-2020-01/segments/1/warc/x.warc.gz",
        f"crawl-data/{CRAWL}/C:\\x.warc.gz",
        f"crawl-data/{CRAWL}/.hidden",
        f"crawl-data/{CRAWL}/a\x00b",
    ],
)
def test_a_hostile_path_is_refused(server: CrawlServer, tmp_path: Path, path: str) -> None:
    with pytest.raises(CommonCrawlError, match="nothing was written"):
        safe_path(path, CRAWL)
    server.files[LIST] = gzip.compress(path.encode())
    with pytest.raises(CommonCrawlError):
        fetch_common_crawl(settings(server), tmp_path)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["warc.paths.gz"]


def test_a_list_that_is_no_gzip_is_thrown_away(server: CrawlServer, tmp_path: Path) -> None:
    server.files[LIST] = b"<html>maintenance</html>"
    with pytest.raises(CommonCrawlError, match="not a gzip file"):
        fetch_common_crawl(settings(server), tmp_path)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_segments_are_chosen_in_list_order_with_a_limit() -> None:
    asked = CommonCrawl(CRAWL, segments=2, files_per_segment=3)
    assert choose_paths(PATHS, asked) == [*PATHS[0:3], *PATHS[4:7]]
    assert choose_paths(PATHS, CommonCrawl(CRAWL, segments=1)) == PATHS[:4]


def test_more_than_the_snapshot_has_is_an_error() -> None:
    with pytest.raises(CommonCrawlError, match="has 3 segments, 4 were asked for"):
        choose_paths(PATHS, CommonCrawl(CRAWL, segments=4))


@pytest.mark.parametrize(
    "wrong",
    [{}, {"files": 1, "segments": 1}, {"files": -1}, {"files": 1, "threads": 0}, {"files": 1, "files_per_segment": 2}],
)
def test_settings_that_contradict_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        CommonCrawl(CRAWL, **wrong)


def test_a_crawl_id_cannot_lead_elsewhere() -> None:
    with pytest.raises(ValueError, match="named like"):
        CommonCrawl("../../etc", files=1)


def test_progress_ends_with_all_files_done(server: CrawlServer, tmp_path: Path) -> None:
    reports: list[Progress] = []
    fetch_common_crawl(settings(server, files=2), tmp_path, progress=reports.append)
    last = reports[-1]
    assert (last.files_done, last.files_total, last.bytes_done, last.bytes_total) == (2, 2, len(BODY), len(BODY))


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert retry_after_seconds("Sun, 01 Mar 2026 12:00:30 GMT", now) == 30.0
    assert retry_after_seconds("soon", now) is None


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="https:// or s3://"):
        open_source("ftp://example.org/", 1.0)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    moto = pytest.importorskip("moto")
    boto3 = pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with moto.mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="snapshots")
        client.put_object(Bucket="snapshots", Key=PATHS[0], Body=BODY)
        yield client


def test_a_part_from_a_bucket_is_resumed(bucket: Any, tmp_path: Path) -> None:
    source = S3Source("s3://snapshots/", bucket)
    part = tmp_path / (PATHS[0] + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:1000])
    etag = bucket.head_object(Bucket="snapshots", Key=PATHS[0])["ETag"]
    part.with_name(part.name + ".json").write_text(json.dumps({"etag": etag, "total": len(BODY)}))
    fetched = Fetcher(CommonCrawl(CRAWL, files=1), tmp_path, source).fetch(PATHS[0])
    assert fetched.file.read_bytes() == BODY and fetched.fetched == len(BODY) - 1000


def test_a_bucket_file_that_changed_is_read_from_the_start(bucket: Any, tmp_path: Path) -> None:
    part = tmp_path / (PATHS[0] + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    part.with_name(part.name + ".json").write_text(json.dumps({"etag": '"older"', "total": len(BODY)}))
    fast = CommonCrawl(CRAWL, files=1, requests_per_second=1000.0)
    fetched = Fetcher(fast, tmp_path, S3Source("s3://snapshots", bucket)).fetch(PATHS[0])
    assert fetched.file.read_bytes() == BODY


def test_a_missing_bucket_file_is_an_error_with_its_address(bucket: Any, tmp_path: Path) -> None:
    with pytest.raises(CommonCrawlError, match="s3://snapshots/crawl-data.*NoSuchKey"):
        Fetcher(CommonCrawl(CRAWL, files=1), tmp_path, S3Source("s3://snapshots", bucket)).fetch(PATHS[1])
