"""python -m jobs.pages --crawl sample: every HTML page of a crawl as text with its formulas.

One task a WARC file, one Parquet part a WARC file: the text is never shuffled. What is not a page is counted by reason
and kept aside in rejected-*.jsonl with its place in the file.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import runner
from jobs.lake.catalog import Lake, write_parquet
from jobs.lake.datasets import CRAWL, PAGES, Address
from jobs.lake.stage import Stage, StageError, StageSettings
from jobs.lake.storage import Storage, WrittenFile
from jobs.lake.tables import PAGES as SCHEMA
from jobs.quality.check import check
from jobs.text.languages import detect_language
from jobs.web.page_text import extract_page
from jobs.web.signals import read_signals
from jobs.web.urls import registrable_domain
from jobs.web.warc_records import NotAWarc, Rejected, WarcPage, read_warc

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PAGES_A_BATCH = 256
REPORT = (
    "name string, rows long, bytes long, sha256 string, rejected_bytes long, rejected_sha256 string, dropped string"
)
LAKE_PATH = "lake:"


@dataclass(frozen=True)
class Pages(StageSettings):
    """Parse a crawl's WARC files into pages: text, formulas, language, and the record each came from."""

    crawl: str = "sample"
    """Id of the crawl in the lake."""


def reads(settings: Pages, lake: Lake) -> list[Address]:
    return [CRAWL.at(settings.version, settings.crawl)]


def pages(settings: Pages, run: runner.SparkRun) -> None:
    crawl, publication = CRAWL.at(settings.version, settings.crawl), run.output(PAGES)
    files = run.lake.read_table(crawl, ["path"]).column("path").to_pylist()
    extract = page_writer(run.lake.storage.uri, publication.address)
    with runner.Progress(run):
        tasks = run.spark.createDataFrame(list(enumerate(files)), "number int, path string")
        rows = tasks.repartitionByRange(len(files), "number").mapInArrow(extract, REPORT).collect()
    dropped: Counter[str] = Counter()
    parts = []
    for row in sorted(rows, key=lambda r: r["name"]):
        dropped.update(json.loads(row["dropped"]))
        parts.append(WrittenFile(row["name"], row["rows"], row["bytes"], row["sha256"]))
        publication.add(WrittenFile(rejected_name(row["name"]), 0, row["rejected_bytes"], row["rejected_sha256"]))
    run.count_in(sum(p.rows for p in parts) + sum(dropped.values()))
    for part in drop_repeats(run, parts):
        publication.add(part)
    for reason, count in dropped.items():
        run.drop(reason, count)
    if not any(p.rows for p in parts):
        raise StageError(
            f"pages: none of the {len(files)} files of {crawl} holds an HTML page; left out: {dict(dropped)}. "
            "Check what --input the crawl was made from."
        )


def page_writer(uri: str, address: Address) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What a task does: read its WARC files and write the pages of each; one report row a file."""

    def write_pages(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        storage = Storage(uri)
        for batch in batches:
            for task in batch.to_pylist():
                yield pa.RecordBatch.from_pylist([_write_file(storage, address, task["number"], task["path"])])

    return write_pages


def _write_file(storage: Storage, address: Address, number: int, path: str) -> dict[str, object]:
    name, rejected = f"part-{number:05d}.parquet", []

    def batches() -> Iterator[pa.RecordBatch]:
        rows = []
        for found in _records(storage, path):
            page = found if isinstance(found, Rejected) else page_row(found, path)
            if isinstance(page, Rejected):
                rejected.append(page)
                continue
            rows.append(page)
            if len(rows) == PAGES_A_BATCH:
                yield pa.RecordBatch.from_pylist(rows, SCHEMA)
                rows = []
        yield pa.RecordBatch.from_pylist(rows, SCHEMA)

    part = write_parquet(storage, address, name, batches())
    lines = [{"warc_path": path, **vars(r)} for r in rejected]
    aside = storage.write(
        f"{address.folder}/{rejected_name(name)}", b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    )
    return {
        "name": name, "rows": part.rows, "bytes": part.bytes, "sha256": part.sha256,
        "rejected_bytes": aside.bytes, "rejected_sha256": aside.sha256,
        "dropped": json.dumps(Counter(r.reason for r in rejected)),
    }  # fmt: skip


def rejected_name(part: str) -> str:
    return part.replace("part-", "rejected-").replace(".parquet", ".jsonl")


def _records(storage: Storage, path: str) -> Iterator[WarcPage | Rejected]:
    try:
        if path.startswith(LAKE_PATH):
            with storage.open_input(path[len(LAKE_PATH) :]) as stream:
                yield from read_warc(stream)
        else:
            yield from read_warc(path)
    except NotAWarc as error:
        yield Rejected("not_a_warc", "", 0, 0, str(error))


def page_row(record: WarcPage, path: str) -> dict[str, object] | Rejected:
    """A row of PAGES, or why there is none."""
    page = extract_page(record.html, record.url)
    if not page.text.strip():
        return Rejected("no_text", record.url, record.warc_offset, record.warc_length, "no main content was found")
    language, language_score = detect_language(page.text)
    found = read_signals(record.html, record.http_headers)
    return {
        "page_id": page_id(record), "url": record.url, "domain": registrable_domain(record.url),
        "fetched_at": record.fetched_at, "language": language, "language_score": language_score,
        "title": page.title, "text": page.text,
        "formulas_seen": page.formulas_seen, "formulas_kept": page.formulas_kept,
        "formula_kinds": sorted(page.formula_kinds.items()),
        "charset": record.charset, "warc_path": path, "warc_offset": record.warc_offset,
        "warc_length": record.warc_length, "content_digest": record.payload_sha1,
        "robots": found.robots, "license": found.license, "truncated": record.truncated,
    }  # fmt: skip


def page_id(record: WarcPage) -> str:
    """The same payload fetched from the same URL at the same second is the same page."""
    when = record.fetched_at.isoformat() if record.fetched_at else ""
    return hashlib.sha256(f"{record.url}\n{when}\n{record.payload_sha1}".encode()).hexdigest()[:16]


def drop_repeats(run: runner.SparkRun, parts: list[WrittenFile]) -> list[WrittenFile]:
    """A crawl may hold a record twice (a file copied under another name): later copies go, parts are written again."""
    from pyspark.sql import functions as F

    publication, seen = run.output(PAGES), set[str]()
    ids = _ids(run, parts)
    repeated = {r["page_id"] for r in ids.groupBy("page_id").agg(F.count("*").alias("n")).where("n > 1").collect()}
    if not repeated:
        return parts
    kept = []
    for part in parts:
        with run.lake.storage.open_input(publication.name(part.name)) as stream:
            table = pq.read_table(stream)
        stays = []
        for page in table.column("page_id").to_pylist():
            stays.append(page not in seen)
            if page in repeated:
                seen.add(page)
        if all(stays):
            kept.append(part)
            continue
        run.drop("repeated_record", stays.count(False))
        batches = table.filter(pa.array(stays)).to_batches()
        kept.append(write_parquet(run.lake.storage, publication.address, part.name, batches))
    return kept


def _ids(run: runner.SparkRun, parts: list[WrittenFile]) -> "DataFrame":
    publication, uri = run.output(PAGES), run.lake.storage.uri

    def read_ids(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        storage = Storage(uri)
        for batch in batches:
            for name in batch.column("name").to_pylist():
                with storage.open_input(name) as stream:
                    yield from pq.ParquetFile(stream).iter_batches(columns=["page_id"])

    names = [(publication.name(p.name),) for p in parts]
    return (
        run.spark.createDataFrame(names, "name string").repartition(len(names)).mapInArrow(read_ids, "page_id string")
    )


STAGE = Stage(
    Pages, pages, writes=lambda settings: [PAGES.at(settings.version, settings.crawl)], reads=reads, check=check
)

if __name__ == "__main__":
    runner.run(STAGE)
