"""A local server with Common Crawl's layout that is busy, cuts connections and serves ranges, as a test asks."""

import gzip
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

CRAWL = "CC-MAIN-2026-08"
LIST = f"crawl-data/{CRAWL}/warc.paths.gz"
BODY = Random(1).randbytes(300_000)


def warc_path(segment: int, number: int) -> str:
    return f"crawl-data/{CRAWL}/segments/17700000000{segment:02}.{segment}/warc/CC-MAIN-{segment}-{number:05}.warc.gz"


PATHS = [warc_path(segment, number) for segment in range(3) for number in range(4)]


class CrawlServer(ThreadingHTTPServer):
    """Serves `files`; `moods[path]` says how the next requests for a path go: ("busy", code, retry_after),
    ("cut", bytes), ("ignore_range",) or ("no_length",). `seen` holds (path, headers) of every request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {LIST: gzip.compress("\n".join(PATHS).encode()), **dict.fromkeys(PATHS, BODY)}
        self.etags: dict[str, str] = {}
        self.moods: dict[str, deque[tuple[Any, ...]]] = defaultdict(deque)
        self.seen: list[tuple[str, dict[str, str]]] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Handler(BaseHTTPRequestHandler):
    server: CrawlServer

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: a test's output is its failures."""

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.seen.append((path, dict(self.headers)))
        moods = self.server.moods[path]
        mood = moods.popleft() if moods else ("well",)
        if path not in self.server.files:
            return self._refuse(404, None)
        if mood[0] == "busy":
            return self._refuse(mood[1], mood[2])
        body, etag = self.server.files[path], self.server.etags.get(path, '"v1"')
        begin = 0
        asked = self.headers.get("Range")
        if asked and mood[0] != "ignore_range" and self.headers.get("If-Range", etag) == etag:
            begin = int(asked.removeprefix("bytes=").rstrip("-"))
            if begin >= len(body):
                return self._refuse(416, None)
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        if mood[0] != "no_length":
            self.send_header("Content-Length", str(len(body) - begin))
        self.send_header("ETag", etag)
        self.end_headers()
        sent = body[begin:] if mood[0] != "cut" else body[begin : begin + mood[1]]
        self.wfile.write(sent)
        self.close_connection = True

    def _refuse(self, code: int, retry_after: str | None) -> None:
        self.send_response(code)
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()
