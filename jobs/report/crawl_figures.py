"""What crawls gave: files, records, pages, and what the pages are made of."""

from collections import Counter
from dataclasses import dataclass

import pyarrow.compute as pc

from jobs.lake.datasets import CRAWL, FORMULA_LEDGER, PAGES, Address
from jobs.lake.manifest import Manifest
from jobs.report.counts import TOP, Count, add, add_sums, in_order, top
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
    noted: tuple[Count, ...]
    """Damage that the records of pages had and the pages survived."""
    warnings: tuple[str, ...]
    """Quality warnings of its pages."""
    data_docs: str
    """Name of its Data Docs below the lake's root, '' where none were written."""
    ledger_docs: str
    """The same of its formula ledger."""


@dataclass(frozen=True)
class DomainFormulas:
    """The formulas of a domain over all crawls."""

    domain: str
    pages: int
    seen: int
    kept: int


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
        damage: dict[str, int] = manifest.figures.get("noted", {})  # type: ignore[assignment]
        noted = tuple(Count(n, c, c / max(manifest.rows, 1)) for n, c in in_order(damage.items()))
        found.append(
            Crawl(address.part, len(sizes), sum(sizes), manifest.rows_in, manifest.rows, dropped, noted,
                  quality_warnings(manifest), data_docs(address, manifest), _ledger_docs(inputs, address.part))
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


def lost_formulas(inputs: Inputs) -> tuple[DomainFormulas, ...]:
    """The domains that lost most formulas on the way to the text, most first."""
    columns = ["domain", "pages", "formulas_seen", "formulas_kept"]
    counts: dict[str, Counter[str]] = {}
    for address, _ in inputs.parts(FORMULA_LEDGER):
        for batch in inputs.lake.read_batches(address, columns, "corpus_report"):
            for row in batch.filter(pc.greater(batch["formulas_seen"], batch["formulas_kept"])).to_pylist():
                counts.setdefault(row.pop("domain"), Counter()).update(row)
    found = [DomainFormulas(d, c["pages"], c["formulas_seen"], c["formulas_kept"]) for d, c in counts.items()]
    return tuple(sorted(found, key=lambda d: (d.kept - d.seen, d.domain))[:TOP])


def quality_warnings(manifest: Manifest) -> tuple[str, ...]:
    """Of the dataset and, for a crawl's pages, of its formula ledger."""
    found: list[str] = []
    for name in ("quality", "formula_ledger"):
        quality = manifest.figures.get(name)
        warnings = quality.get("warnings") if isinstance(quality, dict) else None
        found += map(str, warnings) if isinstance(warnings, list) else ()
    return tuple(found)


def _ledger_docs(inputs: Inputs, crawl: str) -> str:
    address = FORMULA_LEDGER.at(inputs.version, crawl)
    manifest = inputs.find(address)
    return data_docs(address, manifest) if manifest else ""


def data_docs(address: Address, manifest: Manifest) -> str:
    name = "quality/index.html"
    found = any(f.name == name for f in manifest.files)
    return f"{address.folder}/{name}" if found else ""
