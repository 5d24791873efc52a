"""A page that takes too long keeps its plain text and is marked."""

import threading
import time

import pytest

from jobs import page_rows
from jobs.page_rows import bounded_text, page_row
from jobs.web.page_text import PageText, extract_page
from jobs.web.warc_records import WarcPage

HTML = "<html><body><p>A price of $5 and a longer sentence about the square of a number.</p></body></html>"


def busy(html: str, url: str) -> PageText:
    while True:
        time.process_time()


def test_a_page_over_its_time_keeps_its_plain_text_and_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded_text(HTML, "https://e.org/")  # so that loading the extractor is done
    monkeypatch.setattr(page_rows, "extract_page", busy)
    found = bounded_text(HTML, "https://e.org/", seconds=0.05)
    assert "the square of a number" in found.text and "\\$5" in found.text
    assert (found.over_limit, found.formulas_seen, found.formula_kinds_seen) == (True, 0, {})


def test_the_limit_ends_with_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = extract_page(HTML, "https://e.org/")
    assert bounded_text(HTML, "https://e.org/", seconds=0.2) == expected
    ends = time.process_time() + 0.4
    while time.process_time() < ends:
        pass  # a limit still running would raise here


def test_outside_the_main_thread_pages_are_read_without_a_clock() -> None:
    found: list[PageText] = []
    thread = threading.Thread(target=lambda: found.append(bounded_text(HTML, "https://e.org/")))
    thread.start()
    thread.join()
    assert found == [extract_page(HTML, "https://e.org/")]


def test_a_row_says_what_is_known_of_the_page() -> None:
    html = '<html><head><meta name="robots" content="noai"></head>' + HTML
    record = WarcPage("https://www.e.org/x", None, 200, html, "utf-8", "0" * 40, 7, 9, True, ())
    row = page_row(record, "a.warc.gz")
    assert isinstance(row, dict)
    assert (row["domain"], row["robots"], row["language"], row["over_limit"]) == ("e.org", "noai", "en", False)
    assert (row["warc_path"], row["warc_offset"], row["warc_length"], row["truncated"]) == ("a.warc.gz", 7, 9, True)
