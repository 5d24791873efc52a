"""Common Crawl's WARC files on this machine: listed, chosen, fetched politely, resumed where a connection was cut.

A file in the folder is whole: bytes go to a partial file first, and only one of the announced length is renamed. Left
out on purpose: the URL index (columnar or CDX), WET and WAT files.
"""

from __future__ import annotations

import gzip
import random
import re
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from jobs.web.crawl_sources import Busy, CommonCrawlError, Source, StaleRange, open_source
from jobs.web.partial_file import PartialFile

CHUNK = 1 << 20
MAX_LIST_BYTES = 64 << 20
"""Bound on the unpacked list of paths; a snapshot's list of some 100,000 paths takes 14 MB."""

_CRAWL = re.compile(r"CC-MAIN-\d{4}-\d{2}")
_SEGMENT = re.compile(r"/segments/([^/]+)/")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class CommonCrawl:
    """What to fetch, and how politely. Either `files` or `segments` is set."""

    crawl: str
    """Snapshot, such as CC-MAIN-2026-08."""
    files: int = 0
    """The first n WARC files of the snapshot's list."""
    segments: int = 0
    """Or: the files of the first n segments (a snapshot has 100)."""
    files_per_segment: int = 0
    """With segments: at most so many files of each; 0 means all (about 900)."""
    base: str = "https://data.commoncrawl.org/"
    """Where the snapshot lies: an https:// or s3:// address."""
    requests_per_second: float = 1.0
    """Requests of all threads together."""
    threads: int = 2
    attempts: int = 10
    """Tries a file before giving up; what has arrived is kept for the next run."""
    first_wait_s: float = 1.0
    """Back-off after the first failure in seconds; doubled each time, with jitter."""
    longest_wait_s: float = 600.0
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        if not _CRAWL.fullmatch(self.crawl):
            raise ValueError(f"crawl {self.crawl!r}: a snapshot is named like CC-MAIN-2026-08")
        if (self.files > 0) == (self.segments > 0) or min(self.files, self.segments, self.files_per_segment) < 0:
            raise ValueError(f"files={self.files}, segments={self.segments}: set one of the two to 1 or more")
        if self.files_per_segment and not self.segments:
            raise ValueError(f"files_per_segment={self.files_per_segment} has a meaning only with segments")
        if self.requests_per_second <= 0 or self.threads < 1 or self.attempts < 1:
            raise ValueError("requests_per_second, threads and attempts must be positive")


@dataclass(frozen=True)
class FetchedFile:
    """A WARC file that is whole on disk. `fetched` counts the bytes of this run: 0 when it was there already."""

    path: str
    file: Path
    size: int
    fetched: int
    attempts: int


@dataclass(frozen=True)
class Progress:
    """How far a fetch is: of one file in bytes, and of all in files."""

    path: str
    bytes_done: int
    bytes_total: int
    files_done: int
    files_total: int


@dataclass
class Rate:
    """One pace for all threads: `wait` returns at most `per_second` times a second; `hold` makes everybody wait."""

    per_second: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    ended: Callable[[], bool] = lambda: False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0.0

    def wait(self) -> None:
        """Block until this request's turn, or until all has `ended`."""
        while not self.ended():
            with self._lock:
                now = self.clock()
                if now >= self._next:
                    self._next = now + 1.0 / self.per_second
                    return
                pause = self._next - now
            self.sleep(pause)

    def hold(self, seconds: float) -> None:
        """Let no request start for so many seconds."""
        with self._lock:
            self._next = max(self._next, self.clock() + seconds)


def safe_path(path: str, crawl: str) -> str:
    """The path as given, when it is a plain relative path of this snapshot. Raises CommonCrawlError otherwise.

    The list comes from a server: `..`, an absolute path or odd characters must never choose where we write.
    """
    parts = path.split("/")
    if parts[:2] != ["crawl-data", crawl] or not all(_NAME.fullmatch(part) for part in parts) or ".." in path:
        raise CommonCrawlError(
            f"{path!r} in the list of {crawl} is not a path under crawl-data/{crawl}/; nothing was written. "
            "Check the base address: the list may be forged or broken"
        )
    return path


def choose_paths(paths: Sequence[str], settings: CommonCrawl) -> list[str]:
    """The files to fetch, in the list's order: the first `files`, or those of the first `segments` in it.

    Raises CommonCrawlError when the list holds fewer than asked for, or a path that is not of this snapshot.
    """
    if settings.files:
        chosen, found, wanted = list(paths[: settings.files]), len(paths), settings.files
    else:
        by_segment: dict[str, list[str]] = {}
        for path in paths:
            if match := _SEGMENT.search(path):
                by_segment.setdefault(match[1], []).append(path)
        limit = settings.files_per_segment or None
        chosen = [path for group in list(by_segment.values())[: settings.segments] for path in group[:limit]]
        found, wanted = len(by_segment), settings.segments
    if found < wanted:
        what = "files" if settings.files else "segments"
        raise CommonCrawlError(f"{settings.crawl} has {found} {what}, {wanted} were asked for; ask for fewer")
    return [safe_path(path, settings.crawl) for path in chosen]


class Fetcher:
    """Fetches files of one snapshot into a folder. Safe to use from several threads, a file each."""

    def __init__(
        self,
        settings: CommonCrawl,
        folder: Path,
        source: Source | None = None,
        progress: Callable[[Progress], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._source = source or open_source(settings.base, settings.timeout_s)
        self._progress = progress or (lambda progress: None)
        self._stopped = threading.Event()
        # Waiting on the event rather than sleeping lets a thread that backs off notice that all is over.
        self._sleep = sleep or self._stopped.wait
        self._rate = Rate(settings.requests_per_second, clock, self._sleep, self._stopped.is_set)
        self._jitter = jitter
        self._failure: BaseException | None = None
        self._report_lock = threading.Lock()
        self._fetched: Counter[str] = Counter()
        self._done = 0
        self._total = 0

    def list_paths(self) -> list[str]:
        """All WARC paths of the snapshot, in the server's order."""
        path = f"crawl-data/{self._settings.crawl}/warc.paths.gz"
        fetched = self.fetch(path)
        try:
            with gzip.open(fetched.file) as packed:
                content = packed.read(MAX_LIST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            fetched.file.unlink()
            raise CommonCrawlError(f"{self._source.address(path)}: not a gzip file ({error}); run again") from error
        if len(content) > MAX_LIST_BYTES:
            fetched.file.unlink()
            raise CommonCrawlError(f"{self._source.address(path)}: over {MAX_LIST_BYTES} bytes unpacked; refused")
        return content.decode("utf-8", errors="replace").split()

    def fetch_all(self, paths: Sequence[str]) -> tuple[FetchedFile, ...]:
        """The files of the paths, in their order. At the first failure the others stop and keep their parts."""
        self._total, self._done = len(paths), 0
        with ThreadPoolExecutor(self._settings.threads, thread_name_prefix="common-crawl") as pool:
            waiting = [pool.submit(self._fetch_or_stop, path) for path in paths]
            try:
                return tuple(future.result() for future in waiting)
            except BaseException as error:
                self._stopped.set()
                for future in waiting:
                    future.cancel()
                # The first future to raise may only have been stopped; people need the failure that stopped it.
                raise (self._failure or error) from None

    def _fetch_or_stop(self, path: str) -> FetchedFile:
        try:
            fetched = self.fetch(path)
        except BaseException as error:
            with self._report_lock:
                self._failure = self._failure or error
            self._stopped.set()
            raise
        with self._report_lock:
            self._done += 1
        self._report(path, fetched.size, fetched.size)
        return fetched

    def fetch(self, path: str) -> FetchedFile:
        """One file, resumed from its part if there is one. Raises CommonCrawlError after `attempts` tries."""
        file = self._folder / safe_path(path, self._settings.crawl)
        if file.exists():
            size = file.stat().st_size
            return FetchedFile(path, file, size, 0, 0)
        part = PartialFile(file)
        if part.whole:
            return FetchedFile(path, file, part.publish(), 0, 0)
        for attempt in range(1, self._settings.attempts + 1):
            self._rate.wait()
            if self._stopped.is_set():
                raise CommonCrawlError(f"{path}: stopped because another file failed; run again to go on")
            try:
                self._fetch_rest(path, part)
            except StaleRange:
                part.discard()
                reason, wait = "the file changed on the server", 0.0
            except Busy as busy:
                reason, wait = str(busy), self._patience(busy, attempt, path)
            else:
                return FetchedFile(path, file, part.publish(), self._fetched[path], attempt)
            if attempt < self._settings.attempts:
                self._sleep(wait)
        raise CommonCrawlError(
            f"{self._source.address(path)}: gave up after {self._settings.attempts} attempts, the last with: {reason}; "
            f"{part.size:,} bytes are kept in {part.path}; run again to go on from there, or raise attempts"
        )

    def _fetch_rest(self, path: str, part: PartialFile) -> None:
        """Append to a part what is missing of it. Raises Busy when the connection was cut short."""
        opened = self._source.open(path, part.size, part.etag)
        with closing(opened), part.append_at(opened.offset, opened.etag, opened.total) as out:
            size = opened.offset
            while data := opened.read(CHUNK):
                out.write(data)
                size += len(data)
                self._fetched[path] += len(data)
                self._report(path, size, opened.total)
                if self._stopped.is_set():
                    raise CommonCrawlError(f"{path}: stopped because another file failed; run again to go on")
        if size > opened.total:
            raise StaleRange(f"{size} bytes where {opened.total} were announced")
        if size < opened.total:
            raise Busy(f"connection cut at byte {size:,} of {opened.total:,}")

    def _patience(self, busy: Busy, attempt: int, path: str) -> float:
        """Seconds to wait after a refusal: what the server asks for, else doubling with jitter."""
        longest = self._settings.longest_wait_s
        if busy.retry_after is not None and busy.retry_after > longest:
            raise CommonCrawlError(
                f"{self._source.address(path)}: {busy}; the server asks to wait {busy.retry_after:,.0f} s, more "
                f"than the {longest:,.0f} s allowed; run again later, what has arrived is kept"
            ) from busy
        backoff = min(longest, self._settings.first_wait_s * 2.0 ** (attempt - 1)) * (0.5 + 0.5 * self._jitter())
        wait = max(backoff, busy.retry_after or 0.0)
        if busy.throttled:
            # The server is short of patience with this machine, not with this file: every thread waits.
            self._rate.hold(wait)
        return wait

    def _report(self, path: str, done: int, total: int) -> None:
        with self._report_lock:
            self._progress(Progress(path, done, total, self._done, self._total))


def fetch_common_crawl(
    settings: CommonCrawl,
    folder: Path,
    progress: Callable[[Progress], None] | None = None,
    source: Source | None = None,
) -> tuple[FetchedFile, ...]:
    """List a snapshot, choose, and fetch into `folder` under the server's own paths. Returns the files in list order.

    Raises CommonCrawlError when the server refuses, the list is hostile, or the attempts are used up; what has arrived
    stays in `.part` files and the next call goes on from there.
    """
    fetcher = Fetcher(settings, folder, source, progress)
    return fetcher.fetch_all(choose_paths(fetcher.list_paths(), settings))
