"""Pages and recalled pages for tests of the stages that come after recall, written straight into a lake."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MATH_PAGES, PAGES, Address
from jobs.lake.manifest import Provenance

VERSION = "t"


def page(url: str, text: str, **changed: Any) -> dict[str, Any]:
    """A row of PAGES; page_id comes from the URL unless given."""
    return {
        "page_id": hashlib.sha256(url.encode()).hexdigest()[:16], "url": url, "domain": "e.org",
        "fetched_at": datetime(2026, 11, 1, tzinfo=UTC), "language": "en", "language_score": 0.9, "title": "",
        "text": text, "formulas_seen": 0, "formulas_kept": 0, "formula_kinds_seen": [],
        "formula_kinds": [], "charset": "utf-8",
        "warc_path": "a.warc.gz", "warc_offset": 0, "warc_length": 1, "content_digest": "0" * 40, "robots": "",
        "license": "", "truncated": False, "over_limit": False, "notes": "", **changed,
    }  # fmt: skip


def publish(lake: Lake, address: Address, rows: list[dict[str, Any]]) -> None:
    """Rows as a finished dataset."""
    publication = lake.begin(address, Provenance("tests", {}, {}, {}))
    assert publication is not None
    publication.write_table("part-00000.parquet", pa.Table.from_pylist(rows, address.dataset.schema))
    publication.finish()


def publish_pages(lake: Lake, crawl: str, rows: list[dict[str, Any]]) -> None:
    publish(lake, PAGES.at(VERSION, crawl), rows)


def publish_math_pages(lake: Lake, pages: Iterable[dict[str, Any]], version: str = VERSION) -> None:
    """These pages as recalled in round 1."""
    ids = {p["page_id"]: p for p in pages}
    rows = [
        {
            "page_id": i,
            "url": p["url"],
            "domain": p["domain"],
            "score": 0.9,
            "tokens": len(p["text"].split()),
            "round": 1,
        }
        for i, p in sorted(ids.items())
    ]
    publish(lake, MATH_PAGES.at(version), rows)


def prose(subject: str, sentences: int = 40) -> str:
    """A text of its own: no run of five words is shared by two subjects."""
    return " ".join(
        f"The {subject} number {i} has {subject} property {i * i} by {subject} lemma." for i in range(sentences)
    )
