"""What crawls gave: files, records, pages, and what the pages are made of."""

from collections import Counter
from dataclasses import dataclass

import pyarrow.compute as pc

from jobs.lake.datasets import CRAWL, PAGES, Address
from jobs.lake.manifest import Manifest
from jobs.report.counts import Count, add, add_sums, in_order, top
from jobs.report.inputs import Inputs
from jobs.row_samples import sampled_rows

PAGE_ROWS = 1_000_000  # of each crawl are looked at for languages and formulas; above that a sample by page_id


@dataclass(frozen=True)
class Crawl:
    """What one crawl gave."""

    crawl: str
    files: int
    bytes: int
    records: int
    """Records that went into jobs.pages."""
    pages: int
    dropped: tuple[Count, ...]
    warnings: tuple[str, ...]
    """Quality warnings of its pages."""
    data_docs: str
    """Name of its Data Docs below the lake's root, '' where none were written."""


@dataclass(frozen=True)
class Pages:
    """Languages, charsets and formulas of all crawls' pages."""

    pages: int
    looked_at: int
    languages: tuple[Count, ...]
    charsets: tuple[Count, ...]
    formula_kinds: tuple[Count, ...]
    formulas_seen: int
    formulas_kept: int


def crawls(inputs: Inputs) -> tuple[Crawl, ...]:
    found = []
    listed = dict(inputs.parts(CRAWL))
    for address, manifest in inputs.parts(PAGES):
        crawl = CRAWL.at(inputs.version, address.part)
        sizes = inputs.lake.read_table(crawl, ["bytes"])["bytes"].to_pylist() if crawl in listed else []
        dropped = tuple(Count(n, c, c / max(manifest.rows_in, 1)) for n, c in in_order(manifest.dropped.items()))
        found.append(
            Crawl(address.part, len(sizes), sum(sizes), manifest.rows_in, manifest.rows, dropped,
                  quality_warnings(manifest), data_docs(address, manifest))
        )  # fmt: skip
    return tuple(found)


def pages(inputs: Inputs) -> Pages:
    """One pass over the narrow columns of all crawls' pages."""
    columns = ["language", "charset", "formula_kinds", "formulas_seen", "formulas_kept"]
    languages, charsets, kinds = Counter[str](), Counter[str](), Counter[str]()
    looked_at = seen = kept = 0
    for address, manifest in inputs.parts(PAGES):
        files = manifest.files
        for batch in sampled_rows(inputs.lake.storage, address.folder, files, columns, PAGE_ROWS):
            looked_at += batch.num_rows
            add(languages, batch.column("language"))
            add(charsets, batch.column("charset"))
            maps = batch.column("formula_kinds")
            add_sums(kinds, maps.keys, maps.items)
            seen += pc.sum(batch.column("formulas_seen")).as_py() or 0
            kept += pc.sum(batch.column("formulas_kept")).as_py() or 0
    total = sum(m.rows for _, m in inputs.parts(PAGES))
    return Pages(total, looked_at, top(languages), top(charsets), top(kinds), seen, kept)


def quality_warnings(manifest: Manifest) -> tuple[str, ...]:
    quality = manifest.figures.get("quality")
    warnings = quality.get("warnings") if isinstance(quality, dict) else None
    return tuple(map(str, warnings)) if isinstance(warnings, list) else ()


def data_docs(address: Address, manifest: Manifest) -> str:
    name = "quality/index.html"
    found = any(f.name == name for f in manifest.files)
    return f"{address.folder}/{name}" if found else ""
