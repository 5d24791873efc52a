"""A record of a crawl as a row of `pages`: text, formulas, language, signals for reuse, and where it came from."""

import hashlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from resiliparse.extract.html2text import extract_plain_text

from jobs.text.languages import detect_language
from jobs.web.page_text import PageText, extract_page
from jobs.web.signals import read_signals
from jobs.web.urls import registrable_domain
from jobs.web.warc_records import Rejected, WarcPage

PAGE_SECONDS = 30.0
"""Processor time that one page may take. The bounds on bytes, nodes and depth hold every page that was ever measured
below a tenth of this; they decide alike in every run. The clock is there for the page that nobody thought of."""
MAX_PLAIN_CHARS = 4_000_000

Row = dict[str, object]


class OverTime(Exception):
    """A page took more processor time than it may."""


def page_row(record: WarcPage, path: str) -> Row | Rejected:
    """A row of PAGES, or why there is none. `path`: the WARC file, as the crawl's table names it."""
    if not record.html:
        return Rejected("empty_payload", record.url, record.warc_offset, record.warc_length, "0 bytes")
    page = bounded_text(record.html, record.url)
    if not page.text.strip():
        return Rejected("no_text", record.url, record.warc_offset, record.warc_length, "no main content was found")
    language, language_score = detect_language(page.text)
    found = read_signals(record.html, record.http_headers)
    return {
        "page_id": page_id(record), "url": record.url, "domain": registrable_domain(record.url),
        "fetched_at": record.fetched_at, "language": language, "language_score": language_score,
        "title": page.title, "text": page.text,
        "formulas_seen": page.formulas_seen, "formulas_kept": page.formulas_kept,
        "formula_kinds_seen": sorted(page.formula_kinds_seen.items()),
        "formula_kinds": sorted(page.formula_kinds.items()),
        "charset": record.charset, "warc_path": path, "warc_offset": record.warc_offset,
        "warc_length": record.warc_length, "content_digest": record.payload_sha1,
        "robots": found.robots, "license": found.license, "truncated": record.truncated,
        "over_limit": page.over_limit, "notes": ",".join(sorted({note.kind for note in record.notes})),
    }  # fmt: skip


def page_id(record: WarcPage) -> str:
    """The same payload fetched from the same URL at the same second is the same page."""
    when = record.fetched_at.isoformat() if record.fetched_at else ""
    return hashlib.sha256(f"{record.url}\n{when}\n{record.payload_sha1}".encode()).hexdigest()[:16]


def bounded_text(html: str, url: str, seconds: float = PAGE_SECONDS) -> PageText:
    """The page's text; its plain text, marked over the limit and without formulas, where that takes too long."""
    load_extractor()
    try:
        with _processor_time(seconds):
            return extract_page(html, url)
    except OverTime:
        plain = extract_plain_text(html[:MAX_PLAIN_CHARS], main_content=True).replace("$", "\\$")
        return PageText(
            text=plain, title="", formulas_seen=0, formulas_kept=0, formula_kinds_seen={}, formula_kinds={},
            over_limit=True,
        )  # fmt: skip


@lru_cache(maxsize=1)
def load_extractor() -> None:
    """Make one small page: compiled code is loaded, or compiled, with the first page: no page's own time."""
    extract_page(
        "<table><tr><td>Let \\(x\\) be <math><mi>y</mi></math>.</td></tr></table><pre>x</pre><ul><li>x</li></ul>"
    )


@contextmanager
def _processor_time(seconds: float) -> Iterator[None]:
    """Raises OverTime in the block once it has used this much; outside the main thread, which alone can be interrupted,
    there is no such limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _interrupt(number: int, frame: object) -> None:
    raise OverTime
