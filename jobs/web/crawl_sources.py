"""Where a crawl's files come from: a server over HTTP(S), or a bucket by s3:// with the user's credentials.

Both open a file at an offset and say how long the whole is and which version (ETag) of it they serve. Neither tries
again by itself: waiting is the caller's business, so that all threads share one patience.
"""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

USER_AGENT = "MathQuarry/1.0 (mathematics corpus builder; reads Common Crawl)"

_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")
_S3_BUSY = {"SlowDown", "Throttling", "RequestTimeout", "InternalError", "ServiceUnavailable", "TooManyRequests"}


class CommonCrawlError(RuntimeError):
    """A download that cannot go on; the message says what, where and what to do."""


class Busy(Exception):
    """The server asks for patience or the connection broke: try again. `retry_after`: seconds it asked for."""

    def __init__(self, reason: str, retry_after: float | None = None, throttled: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.throttled = throttled


class StaleRange(Exception):
    """The part on disk does not fit the server's file (it changed or is shorter): start from the first byte."""


@dataclass
class OpenFile:
    """A file being served: bytes from `offset` on, of `total` bytes in all. Close it when done."""

    offset: int
    total: int
    etag: str
    read: Callable[[int], bytes]
    close: Callable[[], None]


class Source(Protocol):
    """Opens files of a crawl."""

    def open(self, path: str, offset: int, etag: str) -> OpenFile:
        """The file from `offset` on; the server may ignore the offset and begin at 0, and says so.

        Raises Busy to try again, StaleRange to start anew, CommonCrawlError to give up.
        """
        ...

    def address(self, path: str) -> str:
        """The full address of a path, for messages."""
        ...


@dataclass(frozen=True)
class HttpSource:
    """Files under an http(s) address. `timeout_s` bounds each wait for the server, in seconds."""

    base: str
    timeout_s: float
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def address(self, path: str) -> str:
        return self.base.rstrip("/") + "/" + quote(path)

    def open(self, path: str, offset: int, etag: str) -> OpenFile:
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            # Weak tags may not stand in If-Range; the answer's own tag is compared instead.
            if etag and not etag.startswith("W/"):
                headers["If-Range"] = etag
        request = urllib.request.Request(self.address(path), headers=headers)
        try:
            response = urllib.request.urlopen(request, timeout=self.timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error, path) from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise Busy(f"{type(error).__name__}: {error}") from error
        return self._opened(response, path, offset, etag)

    def _opened(self, response: Any, path: str, offset: int, etag: str) -> OpenFile:
        served = response.headers.get("ETag") or ""
        begin, total = 0, _whole_number(response.headers.get("Content-Length"))
        if response.status == 206:
            match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range") or "")
            begin, total = (int(match[1] or -1), int(match[2])) if match else (-1, None)
        if response.status == 206 and (begin != offset or (etag and served and served != etag)):
            response.close()
            raise StaleRange(f"asked for byte {offset} of version {etag}, got byte {begin} of version {served}")
        if total is None:
            response.close()
            raise CommonCrawlError(
                f"{self.address(path)}: the server does not say how long the file is, so a cut could not be told from "
                "the end; use a server that sends Content-Length"
            )
        return OpenFile(begin, total, served, lambda size: _read(response, size), response.close)

    def _refusal(self, error: urllib.error.HTTPError, path: str) -> Exception:
        if error.code == 416:
            return StaleRange("the part on disk is longer than the server's file")
        if error.code in (408, 429) or error.code >= 500:
            waiting = retry_after_seconds(error.headers.get("Retry-After"), self.now())
            return Busy(f"HTTP {error.code}", waiting, throttled=error.code in (429, 503))
        advice = {
            403: "the server refuses this client; ask for less, wait a day, or use --base s3://commoncrawl/",
            404: "check the crawl id on https://index.commoncrawl.org/ and the base address",
        }
        known = advice.get(error.code, "check the base address")
        return CommonCrawlError(f"{self.address(path)}: HTTP {error.code}; {known}")


def _read(response: Any, size: int) -> bytes:
    try:
        data: bytes = response.read(size)
    except (http.client.HTTPException, OSError) as error:
        raise Busy(f"connection cut ({type(error).__name__}: {error})") from error
    return data


def _whole_number(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdigit() else None


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or an HTTP date; None when absent or unreadable."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


@dataclass(frozen=True)
class S3Source:
    """Files of a bucket, under `s3://bucket/prefix`. `client` is boto3's; Common Crawl's bucket wants credentials."""

    base: str
    client: Any

    def address(self, path: str) -> str:
        return self.base.rstrip("/") + "/" + path

    def open(self, path: str, offset: int, etag: str) -> OpenFile:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        place = urlsplit(self.address(path))
        asked: dict[str, str] = {"Bucket": place.netloc, "Key": place.path.lstrip("/")}
        if offset:
            asked["Range"] = f"bytes={offset}-"
            if etag:
                asked["IfMatch"] = etag
        try:
            answer = self.client.get_object(**asked)
        except ClientError as error:
            raise self._refusal(error, path) from error
        except NoCredentialsError as error:
            raise CommonCrawlError(
                f"{self.address(path)}: no AWS credentials; run 'aws configure' or use https://data.commoncrawl.org/"
            ) from error
        except BotoCoreError as error:
            raise Busy(f"{type(error).__name__}: {error}") from error
        match = _CONTENT_RANGE.fullmatch(answer.get("ContentRange") or "")
        begin, total = (int(match[1] or -1), int(match[2])) if match else (0, int(answer["ContentLength"]))
        body = answer["Body"]
        if begin not in (0, offset):
            body.close()
            raise StaleRange(f"asked for byte {offset}, got byte {begin}")
        return OpenFile(begin, total, answer.get("ETag", ""), lambda size: _read_s3(body, size), body.close)

    def _refusal(self, error: Any, path: str) -> Exception:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in ("InvalidRange", "PreconditionFailed") or status in (412, 416):
            return StaleRange(code)
        if code in _S3_BUSY or status in (429, 503) or status >= 500:
            return Busy(f"{code} (HTTP {status})", throttled=True)
        return CommonCrawlError(f"{self.address(path)}: {code} (HTTP {status}); check the address and the credentials")


def _read_s3(body: Any, size: int) -> bytes:
    from botocore.exceptions import BotoCoreError

    try:
        data: bytes = body.read(size)
    except (BotoCoreError, http.client.HTTPException, OSError) as error:
        raise Busy(f"connection cut ({type(error).__name__}: {error})") from error
    return data


def open_source(base: str, timeout_s: float) -> Source:
    """The source of a base address: http(s):// or s3://. Raises ValueError for anything else."""
    scheme = urlsplit(base).scheme
    if scheme in ("http", "https"):
        return HttpSource(base, timeout_s)
    if scheme == "s3":
        import boto3
        from botocore.config import Config

        # boto's own retries would hide throttling from the shared rate.
        config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=timeout_s,
            read_timeout=timeout_s,
            user_agent_extra=USER_AGENT.split(" ")[0],
        )
        return S3Source(base, boto3.client("s3", config=config))
    raise ValueError(f"Common Crawl base {base!r}: use an https:// or s3:// address")
